/** `mcp-authz decide`: a line of JSON in, a line of JSON out, in the same order, without keeping more than a batch. */
import { createCedar, createDecider, pdpRequest, type Decider, type Decision } from '../../authorizers/index.ts';
import type { AskPdp } from './ask-pdp.ts';
import { linesOf } from './lines.ts';
import { readRequestLine, type RequestLine } from './request-line.ts';

export interface DecideStreams {
  /** Decoded text. */
  readonly input: AsyncIterable<string>;
  /** Resolves when more can be taken. */
  readonly write: (text: string) => Promise<void>;
}

export type Answer = Decision | { readonly error: string };

/** Resolves to the number of lines that could not be answered. `askPdp` is there only where it may be asked. */
export async function decideLines({ input, write }: DecideStreams, askPdp: AskPdp | undefined): Promise<number> {
  const decider = createDecider(createCedar());
  let bad = 0;
  for await (const batch of linesOf(input)) {
    const answers: string[] = [];
    for (const line of batch) {
      const pending = answer(line, decider, askPdp);
      const given = pending instanceof Promise ? await pending : pending;
      bad += 'error' in given ? 1 : 0;
      answers.push(`${JSON.stringify(given)}\n`);
    }
    if (answers.length > 0) {
      await write(answers.join(''));
    }
  }
  return bad;
}

/** A promise only where somebody else is asked: waiting for each line would halve the speed. */
export function answer(
  line: string | undefined,
  decider: Decider,
  askPdp: AskPdp | undefined,
): Answer | Promise<Answer> {
  if (line === undefined) {
    return { error: 'the line is too long' };
  }
  const read = readRequestLine(line);
  if ('fault' in read) {
    return { error: read.fault };
  }
  if (read.spec.type === 'httpv1' && askPdp !== undefined) {
    return asked(read, askPdp);
  }
  const decide = decider(read.spec);
  return 'undecidable' in decide ? { error: decide.undecidable } : decide(read.request);
}

async function asked({ spec, request }: RequestLine, askPdp: AskPdp): Promise<Decision> {
  const question = pdpRequest(spec.config, request);
  const reply = 'fault' in question ? question : await askPdp(question);
  return 'fault' in reply
    ? { allow: false, policies: [], errors: [reply.fault] }
    : { allow: reply.allow, policies: [], errors: [] };
}
