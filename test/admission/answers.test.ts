import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { createAnswers } from '../../src/admission/answers.ts';

let now = 0;
const answers = createAnswers(() => now);

function asked(): ServerResponse {
  return new ServerResponse(new IncomingMessage(new Socket()));
}

const sent = (responses: readonly ServerResponse[]): readonly boolean[] =>
  responses.map(({ writableEnded }) => writableEnded);

it('answers of one turn leave together, at its end', async () => {
  const responses = [asked(), asked(), asked()];
  for (const response of responses) {
    void answers.send(response, 200, '{}');
  }
  expect(sent(responses)).toEqual([false, false, false]);
  await turn();
  expect(sent(responses)).toEqual([true, true, true]);
});

it('in a long turn the first does not wait for the last', async () => {
  const responses = [asked(), asked(), asked()];
  for (const response of responses) {
    void answers.send(response, 200, '{}');
    now += 0.6;
  }
  expect(sent(responses)).toEqual([true, true, true]);
  const late = asked();
  const left = answers.send(late, 422, '{}');
  expect([late.writableEnded, late.statusCode]).toEqual([false, 422]);
  await left;
  expect(late.writableEnded).toBe(true);
});
