import { parseGoDuration, workBudget } from '../../src/admission/deadline.ts';

describe('parseGoDuration', () => {
  it.each([
    ['10s', 10_000],
    ['1m30s', 90_000],
    ['250ms', 250],
    ['1.5s', 1500],
    ['.5s', 500],
    ['1h', 3_600_000],
    ['2us', 0.002],
    ['', undefined],
    ['10', undefined],
    ['10s!', undefined],
    ['-1s', undefined],
  ])('%j is %p milliseconds', (text, expected) => {
    expect(parseGoDuration(text)).toBe(expected);
  });
});

describe('workBudget', () => {
  it.each([
    ['leaves a margin for the answer to travel', '10s', 9750],
    ['halves what is too short for that', '200ms', 100],
    ['takes the longest where nothing is asked', null, 29_750],
    ['takes the longest where nonsense is asked', 'soon', 29_750],
    ['never takes longer than Kubernetes allows', '10m', 29_750],
  ])('%s', (_title, timeout, expected) => {
    expect(workBudget(timeout)).toBe(expected);
  });
});
