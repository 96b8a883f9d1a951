/** That no file of what decides is forgotten when mutants are made, and no name is misspelt. */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { GROUPS, LEFT_OUT } from './groups.ts';

const found = (pattern: string): readonly string[] => globSync(pattern, { cwd: join(import.meta.dirname, '../..') });

it('every source of rules, engine and authorizers is in one group, or left out for a reason', () => {
  const named = [
    ...Object.values(GROUPS).flatMap(({ mutate }) => mutate.flatMap((pattern) => found(pattern))),
    ...Object.keys(LEFT_OUT),
  ];
  expect(named.sort()).toEqual([...found('src/{rules,engine,authorizers}/**/*.ts')].sort());
});

it.each(Object.entries(GROUPS))('the tests of %s exist', (_name, { tests }) => {
  expect(tests.filter((pattern) => found(pattern).length === 0)).toEqual([]);
});
