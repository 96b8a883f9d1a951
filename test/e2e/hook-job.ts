/** Nothing runs Pods in the tests: does what the kubelet and the controller of Jobs would do with the Job of a Helm hook. */
import { text } from 'node:stream/consumers';
import type { V1Job } from '@kubernetes/client-node';
import type { ControlPlane } from '../../src/cli/playground/control-plane.ts';
import { must } from '../../src/cli/playground/environment.ts';
import type { Image } from '../support/image.ts';
import { eventually } from './cluster.ts';

/** Waits for the Job, runs its command in the image under its account, and ends it well. What the command printed. */
export async function runHookJob(
  { kubectl }: ControlPlane,
  image: Image,
  { name, namespace }: { readonly name: string; readonly namespace: string },
  signIn: (account: string, file: string) => Promise<void>,
): Promise<string> {
  let job: V1Job | undefined;
  await eventually('the Job is there', async () => {
    const { code, stdout } = await kubectl(['get', 'job', name, '-n', namespace, '-o', 'json']);
    job = code === 0 ? (JSON.parse(stdout) as V1Job) : undefined; // from kubectl
    return job !== undefined;
  });
  const pod = job?.spec?.template.spec;
  await signIn(pod?.serviceAccountName ?? '', 'etc/hook');
  const running = image.run(pod?.containers[0]?.command ?? [], { KUBECONFIG: '/etc/hook' });
  const output = await Promise.all([text(running.stdout), text(running.stderr)]);
  const at = new Date().toISOString();
  const conditions = ['SuccessCriteriaMet', 'Complete'].map((type) => {
    return { type, status: 'True', lastProbeTime: at, lastTransitionTime: at };
  });
  const counts = { succeeded: 1, ready: 0, terminating: 0, uncountedTerminatedPods: {} };
  const status = { startTime: at, completionTime: at, conditions, ...counts };
  const patch = ['--subresource=status', '--type=merge', '-p', JSON.stringify({ status })];
  await must(kubectl, ['patch', 'job', name, '-n', namespace, ...patch]);
  return output.join('');
}
