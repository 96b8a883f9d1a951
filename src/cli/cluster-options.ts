/** The flags of commands that can ask a cluster; kubectl's own names. */
import type { Command } from 'commander';

export interface ClusterFlags {
  /** The context's, where it is not given. */
  readonly namespace?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
}

export function clusterOptions(command: Command): Command {
  return command
    .option('-n, --namespace <name>', "namespace in the cluster (default: the context's)")
    .option('--context <name>', 'another context of the kubeconfig')
    .option('--kubeconfig <file>', 'another kubeconfig');
}
