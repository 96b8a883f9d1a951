/** Runs a command of the command line in this process, with its streams in memory. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { KubernetesObject } from '../../src/api/objects.ts';
import { checkCommand } from '../../src/cli/check/command.ts';
import type { Fixture } from './fixtures.ts';

export interface CliRun {
  readonly output: string;
  readonly errors: string;
  readonly exitCode: number | undefined;
}

export async function runCheck(args: readonly string[], stdin = ''): Promise<CliRun> {
  const run = { output: '', errors: '', exitCode: undefined as number | undefined };
  const command = checkCommand({
    write: (text) => void (run.output += text),
    writeError: (text) => void (run.errors += text),
    isTerminal: false,
    isErrorTerminal: false,
    stdin: () => Promise.resolve(Buffer.from(stdin)),
    end: (code) => void (run.exitCode = code),
  }).exitOverride();
  await command.parseAsync([...args], { from: 'user' });
  return run;
}

/** A folder of its own for `use`, gone afterwards. */
export async function withFiles<T>(
  files: Readonly<Record<string, string>>,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-authz-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(folder, name), text);
    }
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export interface ToldFinding {
  readonly level: string;
  readonly rule: string;
  readonly path: string;
  readonly reason: string;
  readonly message: string;
}

/** The request of a fixture as two states of a folder: before and after. */
export async function checkChange({
  input,
  cluster,
}: Fixture): Promise<{ readonly findings: readonly ToldFinding[]; readonly exitCode: number | undefined }> {
  const subject = input.object ?? input.oldObject;
  const around = cluster.filter((other) => !isSame(other, subject));
  const before = [...around, ...(input.oldObject === undefined ? [] : [input.oldObject])];
  const after = [...around, ...(input.object === undefined ? [] : [input.object])];
  const files = { 'before.yaml': documents(before), 'after.yaml': documents(after) };
  const run = await withFiles(files, (folder) =>
    runCheck([
      '--filename',
      join(folder, 'after.yaml'),
      '--old',
      join(folder, 'before.yaml'),
      '--closed-world',
      '--as',
      input.user?.username ?? '',
      '--output',
      'json',
    ]),
  );
  const { findings } = JSON.parse(run.output) as { readonly findings: readonly ToldFinding[] };
  return {
    findings: findings.map(({ level, rule, path, reason, message }) => ({ level, rule, path, reason, message })),
    exitCode: run.exitCode,
  };
}

function isSame(one: KubernetesObject, other: KubernetesObject): boolean {
  return one.kind === other.kind && one.metadata.name === other.metadata.name;
}

function documents(objects: readonly KubernetesObject[]): string {
  return objects.map((object) => stringify(object)).join('---\n');
}
