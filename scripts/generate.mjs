// Writes what follows from elsewhere and is checked in: the webhook configurations of webhooks/ and of the chart from the
// rules, the chart's permissions from webhooks/rbac.yaml, the chart's README from its values, the list of licences from the
// lock file. Runs on Node 24, which reads the TypeScript sources as they are. Tests fail when the files are out of date.
import { readFileSync, writeFileSync } from 'node:fs';
import { chartFiles } from '../src/cli/manifests/chart.ts';
import { kustomizeFiles } from '../src/cli/manifests/kustomize.ts';
import { writeChartReadme } from './chart-readme.mjs';
import { writeLicences } from './licences.mjs';

const root = new URL('../', import.meta.url);
const read = (path) => readFileSync(new URL(path, root), 'utf8');

for (const [name, text] of Object.entries(kustomizeFiles())) {
  writeFileSync(new URL(`webhooks/${name}`, root), text);
}
const sources = { rbac: read('webhooks/rbac.yaml'), crd: read('test/crds/mcpauthzconfigs.yaml') };
for (const [name, text] of Object.entries(chartFiles(sources))) {
  writeFileSync(new URL(`charts/mcp-authz-webhook/${name}`, root), text);
}
await writeChartReadme();
await writeLicences();
