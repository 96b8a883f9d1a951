import { Command, Option } from 'commander';
import { readSources } from '../check/source.ts';
import { examples } from '../examples.ts';
import { usedByInFiles } from './files.ts';
import { FORMATS } from './format.ts';
import type { UsedBy } from './used-by.ts';

/** What the command is given of the process. */
export interface UsedByProcess {
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  readonly stdin: () => Promise<Buffer>;
  readonly end: (code: number) => void;
}

interface UsedByFlags {
  readonly namespace?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly filename: readonly string[];
  readonly recursive?: boolean;
  readonly output: 'text' | 'json' | 'name';
}

/** Said; neither the config nor a reference to it is there; not found out, or wrong usage. */
const EXIT = { told: 0, notFound: 1, unknown: 2 } as const;

export function usedByCommand(process: UsedByProcess): Command {
  return new Command('used-by')
    .description('list the workloads that refer to an MCPAuthzConfig, in the current context or in files')
    .argument('<name>', 'the MCPAuthzConfig')
    .option('-n, --namespace <name>', "its namespace (default: the context's; in files: default)")
    .option('--context <name>', 'another context of the kubeconfig')
    .option('--kubeconfig <file>', 'another kubeconfig')
    .addOption(
      new Option('-f, --filename <file...>', 'look into files or folders instead of a cluster').default([], 'none'),
    )
    .option('-R, --recursive', 'look into folders within folders')
    .addOption(new Option('-o, --output <format>', 'how to tell').choices(['text', 'json', 'name']).default('text'))
    .addHelpText(
      'after',
      `
Exit status: 0 told, 1 there is neither such a config nor a reference to it, 2 it could not be found out.
${examples(
  'kubectl mcp-authz used-by shared -n mcp',
  'kubectl mcp-authz used-by shared -o name | xargs kubectl get',
  'mcp-authz used-by shared -n mcp -f manifests/ -R',
)}`,
    )
    .action(async (name: string, flags: UsedByFlags) => {
      process.end(await run(name, flags, process));
    });
}

async function run(name: string, flags: UsedByFlags, process: UsedByProcess): Promise<number> {
  const { usedBy, isComplete } = await find(name, flags, process);
  process.write(FORMATS[flags.output](usedBy));
  if (!isComplete) {
    return EXIT.unknown;
  }
  return usedBy.exists || usedBy.referrers.length > 0 ? EXIT.told : EXIT.notFound;
}

async function find(
  name: string,
  { filename: paths, recursive = false, namespace, context, kubeconfig }: UsedByFlags,
  { stdin, writeError }: UsedByProcess,
): Promise<{ readonly usedBy: UsedBy; readonly isComplete: boolean }> {
  if (paths.length === 0) {
    // Imported here, so that files can be asked without the client's start-up time.
    const { usedByInCluster } = await import('./cluster.ts');
    const options = { namespace, context, kubeconfig };
    const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
    return { usedBy: await usedByInCluster({ name, ...given }), isComplete: true };
  }
  const sources = await readSources({ paths, recursive, stdin });
  const { usedBy, unreadable } = usedByInFiles(sources, { name, namespace: namespace ?? 'default' });
  unreadable.forEach(({ file, line, message }) => {
    writeError(`error: ${file}${line === undefined ? '' : `:${String(line)}`}: ${message}\n`);
  });
  return { usedBy, isComplete: unreadable.length === 0 };
}
