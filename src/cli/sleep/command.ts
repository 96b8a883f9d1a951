/**
 * `mcp-authz sleep`: the preStop hook of the Deployment. The image has no shell, and a Pod goes on being called for as
 * long as the news that it ends takes to reach every node, so it must go on answering.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Command, InvalidArgumentError } from 'commander';
import { examples } from '../examples.ts';

const LONGEST_SECONDS = 3600;

export function sleepCommand(wait: (milliseconds: number) => Promise<unknown> = (ms) => pause(ms)): Command {
  return new Command('sleep')
    .description('wait, then end well: the preStop hook of an image without a shell')
    .argument('<seconds>', `how long, at most ${String(LONGEST_SECONDS)}`, parseSeconds)
    .addHelpText('after', examples('mcp-authz sleep 10'))
    .action(async (seconds: number) => {
      await wait(seconds * 1000);
    });
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || seconds > LONGEST_SECONDS) {
    throw new InvalidArgumentError(`Expected seconds from 0 to ${String(LONGEST_SECONDS)}.`);
  }
  return seconds;
}
