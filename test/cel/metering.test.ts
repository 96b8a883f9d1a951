/** The library evaluates the way src/cel/metering.ts assumes: whatever is evaluated, it is counted. */
import { createBudget } from '../../src/cel/budget.ts';
import { CelError } from '../../src/cel/cel-error.ts';
import { createCelCompiler } from '../../src/cel/compile.ts';

const VALUES = { object: { a: 1, list: [1, 2, 3], text: 'abc', map: { k: 'v' } } };

/** How many steps an evaluation takes: the least budget that suffices. */
function steps(source: string): number {
  const suffices = (limit: number): boolean => {
    const budget = createBudget(limit);
    const expression = createCelCompiler(['object'], { budget }).compile(source);
    try {
      expression.evaluate(VALUES);
    } catch (error) {
      if (error instanceof CelError && error.stage === 'cost') {
        return false;
      }
    }
    return true;
  };
  let least = 0;
  while (!suffices(least)) {
    least += 1;
  }
  return least;
}

it.each([
  ['true', 1],
  ['object.a', 2],
  ['object.a == 1', 4],
  ['!(object.a == 1)', 5],
  ['true ? 1 : object.a', 3],
  ['false && object.a == 1', 2],
  ['object["a"]', 4],
  ['object.?a', 2],
  ['object.?a.orValue(2)', 4],
  ['has(object.a)', 2],
  ['size(object.list)', 3],
  ['cel.bind(x, object.a, x)', 4],
])('%s takes %i steps', (source, expected) => {
  expect(steps(source)).toBe(expected);
});

/** Each form must cost more for each element that it goes through. */
it.each([
  'all(x, x > 0)',
  'exists(x, x > 5)',
  'exists_one(x, x > 5)',
  'map(x, x + 1)',
  'map(x, x > 0, x + 1)',
  'filter(x, x > 0)',
])('%s is counted for every element', (comprehension) => {
  const [one, three] = [steps(`[1].${comprehension}`), steps(`[1, 2, 3].${comprehension}`)];
  expect(three - one).toBeGreaterThanOrEqual(8);
});

it.each([
  'object.list == object.list',
  'object.list + object.list',
  '1 in object.list',
  '"k" in object.map',
  'object.text.contains(object.text)',
  '{"a": object.list} == {"a": 1}',
  'sets.contains(object.list, object.list)',
])('%s pays for what it reads', (source) => {
  expect(steps(source)).toBeGreaterThan(5);
});
