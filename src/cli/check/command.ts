import { Command, Option } from 'commander';
import pc from 'picocolors';
import { createIsolatedAnalyzer } from '../../authorizers/index.ts';
import { loadCustomRules, readRuleFiles } from '../../custom-rules/index.ts';
import { DEFAULT_POLICY, type Rule } from '../../rules/contract.ts';
import { createRules } from '../../rules/index.ts';
import { createOfflineRules } from '../../rules/offline.ts';
import { schemasOf } from '../../schema/crd.ts';
import { BUILT_IN_IDS } from '../built-in-ids.ts';
import { examples } from '../examples.ts';
import { packageInfo } from '../package-info.ts';
import { createProgress } from '../progress.ts';
import { jsonReport } from '../report/json.ts';
import { junitReport } from '../report/junit.ts';
import { sarifReport, type SarifRule } from '../report/sarif.ts';
import { PLAIN, textReport, type Paint } from '../report/text.ts';
import { check } from './check.ts';
import { readManifests } from './manifest.ts';
import { countOf, type Report } from './report.ts';
import { readSources, type SourceOptions, type Unreadable } from './source.ts';
import { subjectOf, type Subject } from './subject.ts';

/** What the command is given of the process, so that tests can stand in for it. */
export interface CheckProcess {
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  readonly isTerminal: boolean;
  readonly isErrorTerminal: boolean;
  readonly stdin: () => Promise<Buffer>;
  /** Tells how the process ends once everything is written. */
  readonly end: (code: number) => void;
}

interface CheckFlags {
  readonly filename: readonly string[];
  readonly recursive?: boolean;
  readonly output: 'text' | 'json' | 'sarif' | 'junit';
  readonly failOn: 'deny' | 'warn';
  readonly closedWorld?: boolean;
  readonly namespace: string;
  readonly missingReference: 'Warn' | 'Deny';
  readonly crds: readonly string[];
  readonly customRules: readonly string[];
  readonly old: readonly string[];
  readonly as?: string;
}

/** Nothing denied; something denied; something not read, or wrong usage. */
const EXIT = { clean: 0, denied: 1, unreadable: 2 } as const;

export function checkCommand(process: CheckProcess): Command {
  return new Command('check')
    .description('give the answers of the webhook to files, without a cluster')
    .argument('[file...]', 'as -f, for tools that append the names of changed files')
    .option('-f, --filename <file>', 'file, folder, or - for standard input; may be repeated', collect, [])
    .option('-R, --recursive', 'look into folders within folders')
    .addOption(
      new Option('-o, --output <format>', 'format of the report')
        .choices(['text', 'json', 'sarif', 'junit'])
        .default('text'),
    )
    .addOption(
      new Option('--fail-on <level>', 'exit with 1 from this level on').choices(['deny', 'warn']).default('deny'),
    )
    .option('--closed-world', 'what is not among the files does not exist; else it is unknown, and a warning')
    .option('-n, --namespace <name>', 'namespace of objects that name none', 'default')
    .addOption(new Option('--missing-reference <answer>', 'as of the server').choices(['Warn', 'Deny']).default('Warn'))
    .option('--crds <file>', "ToolHive's CRDs, file or folder: fields and rules are taken from them", collect, [])
    .option('--custom-rules <file>', 'rules of your own (CEL), file or folder; may be repeated', collect, [])
    .option('--old <file>', 'the manifests as they are stored now: judge the change, deletions too', collect, [])
    .option('--as <user>', 'who makes the change')
    .addHelpText(
      'after',
      `
Exit status: 0 nothing denied, 1 something denied, 2 something could not be read.
${examples(
  'mcp-authz check -f manifests/ -R',
  'kustomize build overlays/production | mcp-authz check -f - --closed-world',
  'mcp-authz check -f manifests/ -o sarif > mcp-authz.sarif',
  'git worktree add /tmp/main main && mcp-authz check -f manifests/ --old /tmp/main/manifests/',
  'mcp-authz check -f authz.json',
  'mcp-authz check -f manifests/ --custom-rules rules.yaml',
)}`,
    )
    .action(async (files: readonly string[], flags: CheckFlags, command: Command) => {
      const paths = [...flags.filename, ...files];
      if (paths.length === 0) {
        command.error('error: nothing to check: give -f FILE, -f FOLDER or -f -');
      }
      process.end(await runCheck(paths, flags, process));
    });
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

interface Read {
  readonly subjects: readonly Subject[];
  readonly unreadable: readonly Unreadable[];
}

async function runCheck(paths: readonly string[], flags: CheckFlags, process: CheckProcess): Promise<number> {
  const read = (from: readonly string[]): Promise<Read> =>
    readSubjects({ paths: from, recursive: flags.recursive ?? false, stdin: process.stdin }, flags.namespace);
  const [now, stored, definitions] = [await read(paths), await read(flags.old), await read(flags.crds)];
  const rules = rulesOf(flags, [...definitions.subjects, ...now.subjects]);
  const analyzer = createIsolatedAnalyzer();
  const progress = createProgress('checking', { write: process.writeError, isTerminal: process.isErrorTerminal });
  try {
    const found = await check({
      subjects: now.subjects,
      ...(flags.old.length === 0 ? {} : { stored: stored.subjects }),
      rules,
      closedWorld: flags.closedWorld ?? false,
      ...(flags.as === undefined ? {} : { user: { username: flags.as, groups: [] } }),
      now: new Date(),
      analyze: analyzer.analyze,
      tests: analyzer,
      progress: progress.step,
    });
    const unreadable = [...definitions.unreadable, ...stored.unreadable, ...now.unreadable, ...found.unreadable];
    const report = { ...found, unreadable };
    progress.done();
    process.write(render(report, rules, flags, process.isTerminal));
    unreadable.forEach(({ file, line, message }) => {
      process.writeError(`error: ${file}${line === undefined ? '' : `:${String(line)}`}: ${message}\n`);
    });
    return exitCode(report, flags);
  } finally {
    progress.done();
    await analyzer.close();
  }
}

async function readSubjects(options: SourceOptions, namespace: string): Promise<Read> {
  const { files, unreadable } = await readSources(options);
  const read = files.map((file) => readManifests(file));
  return {
    subjects: read.flatMap(({ manifests }) => manifests.map((manifest) => subjectOf(manifest, namespace))),
    unreadable: [...unreadable, ...read.flatMap((each) => each.unreadable)],
  };
}

/** CRDs may also stand among the manifests. */
function rulesOf({ missingReference, customRules }: CheckFlags, subjects: readonly Subject[]): readonly Rule[] {
  const definitions = subjects.filter((subject) => subject.is === 'crd').map(({ object }) => object);
  const own = [...createRules({ ...DEFAULT_POLICY, missingReference }), ...createOfflineRules(schemasOf(definitions))];
  return [...own, ...loadCustomRules({ paths: customRules, reserved: BUILT_IN_IDS }, readRuleFiles)];
}

function render(report: Report, rules: readonly Rule[], flags: CheckFlags, isTerminal: boolean): string {
  switch (flags.output) {
    case 'text':
      return textReport(report, { paint: paintOf(isTerminal), openWorld: flags.closedWorld !== true });
    case 'json':
      return jsonReport(report);
    case 'sarif':
      return sarifReport(report, { ...packageInfo(), rules: rules.map(withPage) });
    case 'junit':
      return junitReport(report);
  }
}

function withPage({ id, title }: Rule): SarifRule {
  return { id, title, page: BUILT_IN_IDS.includes(id) ? `rules/${id}.md` : 'custom-rules.md' };
}

function paintOf(isTerminal: boolean): Paint {
  const { isColorSupported, bold, red, yellow, dim } = pc.createColors(isTerminal && pc.isColorSupported);
  return isColorSupported ? { file: bold, deny: red, warn: yellow, faint: dim } : PLAIN;
}

function exitCode(report: Report, { failOn }: CheckFlags): number {
  if (report.unreadable.length > 0) {
    return EXIT.unreadable;
  }
  const failed = countOf(report, 'deny') + (failOn === 'warn' ? countOf(report, 'warn') : 0);
  return failed > 0 ? EXIT.denied : EXIT.clean;
}
