/** Files in, changes out: nothing is written here. */
import { createCedar, createDecider } from '../../authorizers/index.ts';
import { readDecisionTest } from '../../decision-tests/read.ts';
import type { Sources, Unreadable } from '../check/source.ts';
import { changesOf, type FileChange } from './edits.ts';
import { readFiles } from './files.ts';
import { planMigration, type Analyze, type Group, type Refusal } from './plan.ts';
import { prove } from './prove.ts';

export interface MigrationReport {
  readonly groups: readonly Group[];
  readonly refusals: readonly Refusal[];
  /** What is wrong with the changes themselves; then there are none. */
  readonly faults: readonly string[];
  readonly changes: readonly FileChange[];
  /** Decisions of the test cases among the files, made before and after and found equal. */
  readonly decisions: number;
  readonly unreadable: readonly Unreadable[];
}

export async function migrate(sources: Sources, namespace: string, analyze: Analyze): Promise<MigrationReport> {
  const files = readFiles(sources);
  const unreadable: Unreadable[] = [...files.unreadable];
  const cases = files.decisionTests.flatMap((manifest) => {
    const { test, faults } = readDecisionTest(manifest.value);
    unreadable.push(
      ...faults.map(({ path, message }) => ({
        file: manifest.file.name,
        line: manifest.locate(fieldPath(path)).line,
        message,
      })),
    );
    return faults.length > 0 ? [] : test.cases;
  });
  const { groups, refusals } = await planMigration(files, namespace, analyze);
  const changes = changesOf(groups);
  const decider = cases.length === 0 ? undefined : createDecider(createCedar());
  const { faults, decisions } = prove({ files: files.files, groups, changes, cases, decider });
  return { groups, refusals, faults, changes: faults.length > 0 ? [] : changes, decisions, unreadable };
}

function fieldPath(path: readonly (string | number)[]): string {
  return path.map((segment) => (typeof segment === 'number' ? `[${String(segment)}]` : `.${segment}`)).join('');
}
