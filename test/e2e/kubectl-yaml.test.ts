/** The table of what kubectl reads, asked of a real kubectl: it needs no API server for that. */
import { KUBECTL_YAML, NOT_FOR_KUBECTL } from '../support/kubectl-yaml.ts';
import { kubectl } from './cluster.ts';

const READ = ['label', '--local', '-f', '-', '-o', 'json', 'read=yes'];

function manifest(fields: readonly string[]): string {
  return ['apiVersion: v1', 'kind: Sample', 'metadata: { name: sample }', ...fields].join('\n');
}

it('kubectl makes of each row what the table says', async () => {
  const rows = KUBECTL_YAML.map(([yaml], index) => `row${String(index)}: ${yaml}`);
  const { stdout, stderr } = await kubectl(READ, manifest(rows));
  expect(stderr).toBe('');
  const read = JSON.parse(stdout) as Record<string, unknown>;
  KUBECTL_YAML.forEach(([yaml, json], index) => {
    expect([yaml, read[`row${String(index)}`]]).toEqual([yaml, JSON.parse(json)]);
  });
});

it('kubectl refuses what the table says', async () => {
  const answers = await Promise.all(NOT_FOR_KUBECTL.map((yaml) => kubectl(READ, manifest([`field: ${yaml}`]))));
  expect(NOT_FOR_KUBECTL.filter((_yaml, index) => answers[index]?.code === 0)).toEqual([]);
});
