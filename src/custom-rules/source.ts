/** The custom rules that are in force: read at the start, and again whenever their files change. */
import type { Rule } from '../rules/contract.ts';
import { compileCustomRules, type CompiledCustomRules } from './compile.ts';
import type { CustomRuleFile } from './documents.ts';
import { renderFault } from './fault.ts';

export interface CustomRuleSource {
  /** The latest that could be compiled, all files together. */
  readonly rules: () => readonly Rule[];
  readonly stop: () => void;
}

export interface CustomRuleOptions {
  /** Files and folders. */
  readonly paths: readonly string[];
  /** Ids of the built-in rules. */
  readonly reserved: readonly string[];
}

export interface CustomRuleDeps {
  /** @throws Error where a path cannot be read. */
  readonly read: (path: string) => readonly CustomRuleFile[];
  /** Calls `run` again and again; what it returns ends that. */
  readonly every: (milliseconds: number, run: () => void) => () => void;
  readonly logger: {
    info(message: string, fields: Readonly<Record<string, string | number>>): void;
    error(message: string, fields: Readonly<Record<string, string | number>>): void;
  };
  /** Told after each try to take over changed files. */
  readonly reloaded: (result: 'success' | 'failure') => void;
}

/** What was mounted is seen this soon. Reading is cheap; notifications get lost on network and overlay file systems. */
const INTERVAL = 2000;

/** What is wrong with the custom rules at the start, each with its place. */
export class CustomRuleError extends Error {
  readonly code = 'INVALID_CUSTOM_RULES';
}

/** @throws CustomRuleError for what is wrong at the start; later the rules that were good stay in force. */
export function createCustomRuleSource(
  { paths, reserved }: CustomRuleOptions,
  { read, every, logger, reloaded }: CustomRuleDeps,
): CustomRuleSource {
  if (paths.length === 0) {
    return { rules: () => [], stop: () => undefined };
  }
  const files = readAll(paths, read);
  let rules = rulesOf(compileAll(files, reserved));
  let content = JSON.stringify(files);
  logger.info('custom rules loaded', { rules: count(rules) });
  const stop = every(INTERVAL, () => {
    const found = readAll(paths, read);
    const foundContent = JSON.stringify(found);
    if (foundContent === content) {
      return;
    }
    content = foundContent;
    const compiled = compileAll(found, reserved);
    if ('rules' in compiled) {
      rules = compiled.rules;
      logger.info('custom rules reloaded', { rules: count(rules) });
      reloaded('success');
      return;
    }
    for (const fault of compiled.faults) {
      const { file, line, column, message } = fault;
      logger.error('custom rules not reloaded, the ones before stay in force', { file, line, column, error: message });
    }
    reloaded('failure');
  });
  return { rules: () => rules, stop };
}

/** The rules of files that are read once. @throws CustomRuleError */
export function loadCustomRules({ paths, reserved }: CustomRuleOptions, read: CustomRuleDeps['read']): readonly Rule[] {
  return rulesOf(compileAll(readAll(paths, read), reserved));
}

function rulesOf(compiled: CompiledCustomRules): readonly Rule[] {
  if ('rules' in compiled) {
    return compiled.rules;
  }
  throw new CustomRuleError(`the custom rules are not usable:\n${compiled.faults.map(renderFault).join('\n')}`);
}

/** A path that cannot be read is remembered like a file, so that it is told once. */
type Read = { readonly path: string; readonly error: string } | { readonly files: readonly CustomRuleFile[] };

function readAll(paths: readonly string[], read: CustomRuleDeps['read']): readonly Read[] {
  return paths.map((path) => {
    try {
      return { files: read(path) };
    } catch (error) {
      return { path, error: error instanceof Error ? error.message : String(error) };
    }
  });
}

function compileAll(reads: readonly Read[], reserved: readonly string[]): CompiledCustomRules {
  const unreadable = reads.flatMap((entry) =>
    'error' in entry
      ? [{ file: entry.path, line: 1, column: 1, message: `cannot be read: ${entry.error}`, excerpt: '' }]
      : [],
  );
  const files = reads.flatMap((entry) => ('files' in entry ? entry.files : []));
  const compiled = compileCustomRules(files, reserved);
  const faults = [...unreadable, ...('faults' in compiled ? compiled.faults : [])];
  return faults.length === 0 ? compiled : { faults };
}

/** A rule for writes and deletions is one rule to whoever wrote it. */
function count(rules: readonly Rule[]): number {
  return new Set(rules.map(({ id }) => id)).size;
}
