import { sleepCommand } from '../../src/cli/sleep/command.ts';

const run = async (text: string): Promise<readonly number[]> => {
  const waited: number[] = [];
  const command = sleepCommand((milliseconds) => {
    waited.push(milliseconds);
    return Promise.resolve();
  });
  await command
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .parseAsync([text], { from: 'user' });
  return waited;
};

describe('mcp-authz sleep', () => {
  it.each([
    ['0', 0],
    ['10', 10_000],
    ['0.25', 250],
  ])('%s', async (text, milliseconds) => {
    expect(await run(text)).toEqual([milliseconds]);
  });

  it.each(['', 'ten', '1e3', '3601', '5s', 'Infinity'])('refuses %j', async (text) => {
    await expect(run(text)).rejects.toThrow(/Expected seconds from 0 to 3600/);
  });
});
