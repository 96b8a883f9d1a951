import { once } from 'node:events';
import { Command } from 'commander';
import { examples } from '../examples.ts';

/** What the command is given of the process. */
export interface DecideProcess {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly setExitCode: (code: number) => void;
}

export function decideCommand({ stdin, stdout, setExitCode }: DecideProcess): Command {
  return new Command('decide')
    .description('decide calls as the proxy would: a line of JSON in, a line of JSON out')
    .option('--ask-pdp', "ask the decision point of configs of type httpv1, over the network, with the lines' claims")
    .addHelpText(
      'after',
      `
Each line: {"config": …, "claims": {…}, "Feature": "tool", "Operation": "call", "ID": "weather", "args": {…}}, optional
"server" (srv), "annotations", "upstream". Each answer: {"allow": …, "policies": […], "errors": […]}, or {"error": "…"}
for a line that cannot be answered; then the exit code is 2. docs/decide.md says more.
${examples('mcp-authz decide < calls.jsonl')}`,
    )
    .action(async (flags: { readonly askPdp?: boolean }) => {
      // Imported here, so that other commands do not pay for the Cedar module.
      const [{ decideLines }, { createAskPdp }] = await Promise.all([import('./decide.ts'), import('./ask-pdp.ts')]);
      const pdp = flags.askPdp === true ? createAskPdp() : undefined;
      stdin.setEncoding('utf8');
      const output = writerTo(stdout);
      const bad = await decideLines({ input: stdin as AsyncIterable<string>, write: output.write }, pdp?.ask).catch(
        (error: unknown) => {
          if (output.isClosed()) {
            return 0; // whoever reads has seen enough, as `head` does
          }
          throw error;
        },
      );
      pdp?.close();
      if (bad > 0) {
        setExitCode(2);
      }
    });
}

function writerTo(stdout: NodeJS.WriteStream): {
  readonly write: (text: string) => Promise<void>;
  readonly isClosed: () => boolean;
} {
  let closed = false;
  // Without a listener the error of a write that nobody waits for would end the process with a stack.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    closed ||= error.code === 'EPIPE';
  });
  return {
    write: async (text) => {
      if (closed || stdout.destroyed) {
        closed = true;
        throw new Error('the output is closed');
      }
      if (!stdout.write(text)) {
        await once(stdout, 'drain');
      }
    },
    isClosed: () => closed,
  };
}
