/** The playground: a control plane, the real server, and the main job shown with kubectl. */
import { startControlPlane } from './control-plane.ts';
import { demonstrate, type Paint } from './demonstration.ts';
import { startEnvironment } from './environment.ts';
import { projectRoot } from './root.ts';

export interface PlaygroundDeps {
  readonly write: (text: string) => void;
  readonly paint: Paint;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly untilSignal: () => Promise<string>;
}

/** False if an answer of the demonstration was not the expected one. Everything that was started is gone at the end. */
export async function openPlayground(options: { readonly exit: boolean }, deps: PlaygroundDeps): Promise<boolean> {
  const { write, paint, environment } = deps;
  const root = projectRoot();
  const say = (text: string): void => {
    write(`${paint.dim(`· ${text}`)}\n`);
  };
  // Listening from the start: Ctrl-C while the control plane comes up must clean up as well.
  const signal = deps.untilSignal();
  const cluster = await startControlPlane({ progress: say });
  try {
    const crds = environment['MCP_AUTHZ_CRDS'];
    const access = { kubectl: cluster.kubectl, kubeconfigFor: cluster.kubeconfigFor, folder: cluster.folder };
    // Nobody wants to watch a deletion wait; a loopback API server stores what was admitted in a moment.
    const flags = ['--admission-grace', '2'];
    const running = await startEnvironment(access, { root, flags, ...(crds === undefined ? {} : { crds }) }, say);
    try {
      const expected = await demonstrate({ kubectl: cluster.kubectl, write, paint });
      write(
        `\n${expected ? paint.good('Every answer was the expected one.') : paint.bad('An answer was not the expected one.')}\n`,
      );
      if (!options.exit) {
        write(
          `\nThe cluster stays until Ctrl-C. From another terminal:\n\n  export KUBECONFIG=${cluster.kubeconfigPath}\n\n`,
        );
        await signal;
      }
      return expected;
    } finally {
      await running.stop();
    }
  } finally {
    await cluster.stop();
    say('everything that was started is gone');
  }
}
