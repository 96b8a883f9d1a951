import { Command, Option } from 'commander';
import { clusterOptions, type ClusterFlags } from '../cluster-options.ts';
import { examples } from '../examples.ts';

/** What the command is given of the process. */
export interface TestProcess {
  readonly write: (text: string) => void;
  readonly setExitCode: (code: number) => void;
  /** Resolves when the process is asked to end. */
  readonly untilSignal: () => Promise<string>;
}

interface TestFlags {
  readonly filename: readonly string[];
  readonly output: 'text' | 'junit' | 'json';
  readonly watch?: boolean;
  readonly cluster?: boolean;
}

export function testCommand({ write, setExitCode, untilSignal }: TestProcess): Command {
  return clusterOptions(new Command('test'))
    .description('run the decision tests beside the manifests: who may call what, and who may not')
    .requiredOption('-f, --filename <path...>', 'files, or folders that are searched for manifests and tests')
    .addOption(new Option('-o, --output <format>', 'how to report').choices(['text', 'junit', 'json']).default('text'))
    .option('--cluster', 'take configs that are not among the files from the current context')
    .option('-w, --watch', 'run again whenever a file changes, until Ctrl-C')
    .addHelpText(
      'after',
      `
Ends with 0 where every case passes, 1 where one fails, 2 where something cannot be read. docs/decision-tests.md shows
how a test is written.
${examples('mcp-authz test -f deploy/', 'mcp-authz test -f deploy/ -o junit > report.xml', 'mcp-authz test -f deploy/ -w', 'kubectl mcp-authz test -f tests/ --cluster -n mcp')}`,
    )
    .action(async ({ filename, output, watch, cluster, ...where }: TestFlags & ClusterFlags) => {
      // Imported here, so that other commands do not pay for the Cedar module.
      const [{ runTests }, { exitCodeOf }, { FORMATS }] = await Promise.all([
        import('./run.ts'),
        import('./report.ts'),
        import('./formats.ts'),
      ]);
      const stored = cluster === true ? await (await import('../cluster-configs.ts')).clusterConfigs(where) : [];
      const run = (): void => {
        const report = runTests(filename, stored);
        write(FORMATS[output](report));
        setExitCode(exitCodeOf(report));
      };
      run();
      if (watch === true) {
        const { watchPaths } = await import('./watch.ts');
        const watching = watchPaths(filename, run);
        await untilSignal();
        watching.close();
      }
    });
}
