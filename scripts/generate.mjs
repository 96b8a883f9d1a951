// Writes what is generated from the rules and checked in: the webhook configurations of webhooks/. Runs on Node 24, which
// reads the TypeScript sources as they are. A test fails when the files are out of date.
import { writeFileSync } from 'node:fs';
import { kustomizeFiles } from '../src/cli/manifests/kustomize.ts';

for (const [name, text] of Object.entries(kustomizeFiles())) {
  writeFileSync(new URL(`../webhooks/${name}`, import.meta.url), text);
}
