import { Command, Option } from 'commander';
import { createIsolatedAnalyzer } from '../../authorizers/index.ts';
import { readSources } from '../check/source.ts';
import { examples } from '../examples.ts';
import { migrate, type MigrationReport } from './migrate.ts';
import { formatJson, notesOf, summaryOf } from './report.ts';
import { writeChanges } from './write.ts';

/** What the command is given of the process. */
export interface MigrateProcess {
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  readonly stdin: () => Promise<Buffer>;
  readonly end: (code: number) => void;
}

interface MigrateFlags {
  readonly filename: readonly string[];
  readonly recursive?: boolean;
  readonly write?: boolean;
  readonly output: 'diff' | 'json';
  readonly namespace: string;
}

/** Everything has its reference; something stays as it is; something was not read, or wrong usage. */
const EXIT = { done: 0, refused: 1, unreadable: 2 } as const;

export function migrateCommand(process: MigrateProcess): Command {
  return new Command('migrate')
    .description('turn inline and ConfigMap authorization into MCPAuthzConfigs with references')
    .requiredOption('-f, --filename <file...>', 'files, folders, or - for standard input')
    .option('-R, --recursive', 'look into folders within folders')
    .option('--write', 'change the files; without it the change is only shown')
    .addOption(new Option('-o, --output <format>', 'how to tell').choices(['diff', 'json']).default('diff'))
    .option('-n, --namespace <name>', 'namespace of objects that name none', 'default')
    .addHelpText(
      'after',
      `
Exit status: 0 every workload has its reference (or will have it, with --write), 1 some cannot be migrated,
2 something could not be read (then nothing is written). docs/migrate.md tells what is kept and what is proven.
${examples(
  'mcp-authz migrate -f manifests/ -R',
  'mcp-authz migrate -f manifests/ -R --write',
  'mcp-authz migrate -f gateway.yaml | git apply',
)}`,
    )
    .action(async (flags: MigrateFlags, command: Command) => {
      if (flags.write === true && flags.filename.includes('-')) {
        command.error('error: standard input cannot be written to: leave --write out, and apply the diff');
      }
      process.end(await run(flags, process));
    });
}

async function run(flags: MigrateFlags, { write, writeError, stdin }: MigrateProcess): Promise<number> {
  const { filename: paths, recursive = false, namespace } = flags;
  const sources = await readSources({ paths, recursive, stdin });
  const analyzer = createIsolatedAnalyzer();
  try {
    const report = await migrate(sources, namespace, (spec) => analyzer.analyze(spec));
    const isWritten = flags.write === true && report.unreadable.length === 0 && report.changes.length > 0;
    if (isWritten) {
      writeChanges(report.changes);
    }
    write(flags.output === 'json' ? formatJson(report, isWritten) : report.changes.map(({ diff }) => diff).join(''));
    writeError([...notesOf(report), summaryOf(report, isWritten)].map((line) => `${line}\n`).join(''));
    return exitCode(report);
  } finally {
    await analyzer.close();
  }
}

function exitCode({ unreadable, refusals, faults }: MigrationReport): number {
  return unreadable.length > 0 ? EXIT.unreadable : refusals.length + faults.length > 0 ? EXIT.refused : EXIT.done;
}
