import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createAskPdp } from '../../src/cli/decide/ask-pdp.ts';
import { decideLines } from '../../src/cli/decide/decide.ts';
import { linesOf } from '../../src/cli/decide/lines.ts';

const PERMIT = { policies: ['permit(principal, action, resource);'] };

function line(change: object = {}): string {
  return JSON.stringify({
    config: PERMIT,
    claims: { sub: 'alice' },
    Feature: 'tool',
    Operation: 'call',
    ID: 'weather',
    ...change,
  });
}

async function* chunksOf(...chunks: readonly string[]): AsyncGenerator<string> {
  yield* chunks;
  await Promise.resolve();
}

async function answers(
  ...lines: readonly string[]
): Promise<{ readonly out: readonly unknown[]; readonly bad: number }> {
  let text = '';
  const write = (part: string): Promise<void> => {
    text += part;
    return Promise.resolve();
  };
  const bad = await decideLines({ input: chunksOf(lines.join('\n')), write }, undefined);
  return {
    out: text
      .trimEnd()
      .split('\n')
      .map((each) => JSON.parse(each) as unknown),
    bad,
  };
}

const ALLOWED = { allow: true, policies: [0], errors: [] };

describe('mcp-authz decide', () => {
  it.each([
    ['the content of spec.config', PERMIT],
    ['spec', { type: 'cedarv1', config: PERMIT }],
    ['an MCPAuthzConfig', { kind: 'MCPAuthzConfig', spec: { type: 'cedarv1', config: PERMIT } }],
    ['what the proxy reads', { version: '1.0', type: 'cedarv1', cedar: PERMIT }],
  ])('takes a config as %s', async (_form, config) => {
    expect((await answers(line({ config }))).out).toEqual([ALLOWED]);
  });

  it('answers each line on a line of its own, in their order, and counts the bad ones', async () => {
    const { out, bad } = await answers(line(), '{', line({ claims: { sub: '' } }), '', line());
    expect(out).toEqual([
      ALLOWED,
      { error: expect.stringContaining('the line is not JSON') as unknown },
      { allow: false, policies: [], errors: ['missing principal'] },
      { error: expect.stringContaining('the line is not JSON') as unknown },
      ALLOWED,
    ]);
    expect(bad).toBe(2);
  });

  it.each([
    ['[]', 'the line is not a JSON object'],
    ['{}', '"config" is missing'],
    [line({ Feature: 1 }), '"Feature" is not a string'],
    [line({ Operation: undefined }), '"Operation" is missing'],
    [line({ claims: [] }), '"claims" is not an object'],
    [line({ args: 'x' }), '"args" is not an object'],
    [line({ config: { type: 'opa', config: {} } }), 'type "opa" is not a registered authorizer backend'],
    [
      line({ config: { http: { url: 'http://pdp' }, claim_mapping: 'mpe' } }),
      expect.stringContaining('--ask-pdp') as unknown,
    ],
    [
      `{"config":${'['.repeat(20000)}${']'.repeat(20000)},"Feature":"tool","Operation":"call"}`,
      'the config nests deeper than 64 levels',
    ],
  ])('%.60s: %s', async (text, error) => {
    expect((await answers(text)).out).toEqual([{ error }]);
  });

  it('takes keys in small letters, and the server srv where none is given', async () => {
    const config = { policies: ['permit(principal, action, resource in MCP::"srv");'] };
    const small = JSON.stringify({ config, claims: { sub: 'a' }, feature: 'tool', operation: 'call', id: 'x' });
    expect((await answers(small, line({ config, server: 'other' }))).out).toMatchObject([
      { allow: true },
      { allow: false },
    ]);
  });

  it('reads on only when what was written has been taken', async () => {
    let read = 0;
    let taken = 0;
    async function* input(): AsyncGenerator<string> {
      for (; read < 50; read += 1) {
        expect(read - taken).toBeLessThanOrEqual(1);
        yield `${line()}\n`;
      }
      await Promise.resolve();
    }
    const write = async (): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve));
      taken += 1;
    };
    expect(await decideLines({ input: input(), write }, undefined)).toBe(0);
    expect(taken).toBe(50);
  });
});

describe('linesOf', () => {
  it.each([
    [
      ['a\nb', 'c\n', '\nd'],
      ['a', 'bc', '', 'd'],
    ],
    [['12345678\n1\n'], [undefined, '1']],
    [
      ['123', '456', '7\nx\n12345678'],
      [undefined, 'x', undefined],
    ],
    [[''], []],
  ])('%j', async (chunks, expected) => {
    const found: unknown[] = [];
    for await (const batch of linesOf(chunksOf(...chunks), 5)) {
      found.push(...batch);
    }
    expect(found).toEqual(expected);
  });
});

describe('--ask-pdp', () => {
  it.each([
    [200, '{"allow":true}', true, []],
    [200, '{"allow":false}', false, []],
    [200, '{}', false, []],
    [200, '{"allow":"yes"}', false, ['authorization failed: failed to parse decision response']],
    [200, 'yes', false, ['authorization failed: failed to parse decision response']],
    [200, ' '.repeat(70_000), false, [expect.stringContaining('longer than') as unknown]],
    [500, '{"allow":true}', false, ['authorization failed: PDP server returned status 500']],
  ])('%i %.20s', async (status, body, allow, errors) => {
    const seen: unknown[] = [];
    const server = createServer((request, response) => {
      void (async () => {
        let text = '';
        for await (const chunk of request.setEncoding('utf8')) {
          text += String(chunk);
        }
        seen.push([request.method, request.url, JSON.parse(text)]);
        response.writeHead(status).end(body);
      })();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`; // of a TCP server
    const pdp = createAskPdp();
    let out = '';
    const write = (text: string): Promise<void> => {
      out += text;
      return Promise.resolve();
    };
    const config = { http: { url }, claim_mapping: 'standard' };
    expect(await decideLines({ input: chunksOf(line({ config })), write }, pdp.ask)).toBe(0);
    pdp.close();
    server.close();
    expect(JSON.parse(out)).toEqual({ allow, policies: [], errors });
    expect(seen).toEqual([
      [
        'POST',
        '/decision',
        { principal: { sub: 'alice' }, operation: 'mcp:tool:call', resource: 'mrn:mcp:srv:tool:weather', context: {} },
      ],
    ]);
  });

  it('denies where nobody answers', async () => {
    const pdp = createAskPdp();
    const reply = await pdp.ask({ url: 'http://127.0.0.1:1/decision', body: '{}', timeoutMs: 1000, insecure: false });
    expect(reply).toEqual({ fault: expect.stringContaining('ECONNREFUSED') as unknown });
    pdp.close();
  });
});

describe('the command', () => {
  it.each([
    ['ends with 0 where every line was answered', `${line()}\n`, 0],
    ['ends with 2 where one was not', `${line()}\nnonsense\n`, 2],
  ])('%s', async (_sentence, input, code) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, '../../src/main.ts'), 'decide']);
    child.stdin.end(input);
    const [exit] = (await once(child, 'close')) as [number];
    expect(exit).toBe(code);
  });

  it('stops without a word when nobody reads on', async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, '../../src/main.ts'), 'decide']);
    let told = '';
    child.stderr.setEncoding('utf8').on('data', (part: string) => (told += part));
    child.stdin.on('error', () => undefined).end(`${line()}\n`.repeat(50_000));
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const [exit] = (await once(child, 'close')) as [number];
    expect(exit).toBe(0);
    expect(told).not.toContain('error');
  });
});
