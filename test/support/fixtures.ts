/** test/fixtures/<rule>/{allow,deny,warn}/<case>.yaml: one request, the cluster around it, and what the rule must find. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { KubernetesObject } from '../../src/api/objects.ts';
import type { RuleInput } from '../../src/rules/contract.ts';
import { NOW } from './objects.ts';

export interface ExpectedFinding {
  readonly level: string;
  readonly path: string;
  readonly reason: string;
  /** Exact, or a pattern between slashes where the text is a library's. */
  readonly message: string;
}

export interface Fixture {
  readonly rule: string;
  readonly folder: 'allow' | 'deny' | 'warn';
  readonly name: string;
  readonly input: RuleInput;
  readonly cluster: readonly KubernetesObject[];
  readonly expect: readonly ExpectedFinding[];
}

interface FixtureFile {
  readonly operation?: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly user?: string;
  readonly object?: KubernetesObject;
  readonly oldObject?: KubernetesObject;
  readonly cluster?: readonly KubernetesObject[];
  readonly expect: readonly ExpectedFinding[];
}

const ROOT = join(import.meta.dirname, '../fixtures');

export function fixtureRules(): readonly string[] {
  return readdirSync(ROOT).sort();
}

export function fixtures(): readonly Fixture[] {
  return fixtureRules().flatMap((rule) =>
    readdirSync(join(ROOT, rule))
      .filter((folder) => folder === 'allow' || folder === 'deny' || folder === 'warn')
      .flatMap((folder) =>
        readdirSync(join(ROOT, rule, folder))
          .sort()
          .map((name) => {
            const file = parse(readFileSync(join(ROOT, rule, folder, name), 'utf8')) as FixtureFile;
            return { rule, folder, name, input: inputOf(file), cluster: file.cluster ?? [], expect: file.expect };
          }),
      ),
  );
}

function inputOf({ operation = 'CREATE', user = 'alice', object, oldObject }: FixtureFile): RuleInput {
  const subject = object ?? oldObject;
  const base = { namespace: 'ns', name: subject?.metadata.name ?? '', user: { username: user, groups: [] }, now: NOW };
  // A fixture that lacks what its operation needs fails in the rule, with the file's name in the test's title.
  return { ...base, operation, object, oldObject } as RuleInput;
}
