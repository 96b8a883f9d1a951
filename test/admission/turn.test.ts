import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { createTurn } from '../../src/admission/turn.ts';

let now = 0;
const turn = createTurn(() => now);

function asked(answered = (): void => undefined): ServerResponse {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  const end = response.end.bind(response);
  return Object.assign(response, {
    end: (body: string): ServerResponse => {
      answered();
      return end(body);
    },
  });
}

const sent = (responses: readonly ServerResponse[]): readonly boolean[] =>
  responses.map(({ writableEnded }) => writableEnded);

it('answers of one turn leave together, at its end', async () => {
  const responses = [asked(), asked(), asked()];
  for (const response of responses) {
    void turn.send(response, 200, '{}');
  }
  expect(sent(responses)).toEqual([false, false, false]);
  await turnOfTheLoop();
  expect(sent(responses)).toEqual([true, true, true]);
});

it('in a long turn the first does not wait for the last', async () => {
  const responses = [asked(), asked(), asked()];
  for (const response of responses) {
    void turn.send(response, 200, '{}');
    now += 0.6;
  }
  expect(sent(responses)).toEqual([true, true, true]);
  const late = asked();
  const left = turn.send(late, 422, '{}');
  expect([late.writableEnded, late.statusCode]).toEqual([false, 422]);
  await left;
  expect(late.writableEnded).toBe(true);
});

/** What becomes of requests that arrive one after the other, `between` each. */
async function together(count: number, bytes: number, between = (): void => undefined): Promise<readonly string[]> {
  const told: string[] = [];
  const all = Array.from({ length: count }, async (_, index) => {
    between();
    await turn.arrived(bytes);
    const response = asked(() => told.push(`${String(index)} answered`));
    told.push(`${String(index)} judged`);
    await turn.send(response, 200, '{}');
    told.push(`${String(index)} written down`);
  });
  expect(told).toEqual([]); // nothing before the turn, or what calls us in it, is over
  await Promise.all(all);
  return told;
}

it('what arrives in one turn is judged together, then answered, then written down', async () => {
  expect(await together(3, 2000)).toEqual([
    ...['0 judged', '1 judged', '2 judged'],
    ...['0 answered', '1 answered', '2 answered'],
    ...['0 written down', '1 written down', '2 written down'],
  ]);
});

it.each([
  ['what is large', 200_000, () => undefined],
  [
    'what came so long ago',
    2000,
    () => {
      now += 0.6;
    },
  ],
])('%s does not wait for the end of the turn', async (_title, bytes, between) => {
  let over = false;
  setImmediate(() => {
    over = true;
  });
  const all = Array.from({ length: 4 }, async () => {
    between();
    await turn.arrived(bytes);
    return over;
  });
  const [first, ...others] = await Promise.all(all);
  expect(first).toBe(false);
  expect(others).toContain(false);
});

it('what arrives as answers leave is judged in the next turn', async () => {
  const { promise: judged, resolve } = Promise.withResolvers<undefined>();
  const response = asked(() => {
    void turn.arrived(1).then(resolve);
  });
  await turn.arrived(1);
  await turn.send(response, 200, '{}');
  await judged;
  expect(response.writableEnded).toBe(true);
});
