/**
 * What a whole end-to-end run has left (test/e2e/control-plane.ts): no secret, no token and no policy text is in it.
 * scripts/test.mjs runs this last.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isJsonObject } from '../../src/api/json.ts';
import { PLANTED } from '../support/planted.ts';

interface Line {
  readonly file: string;
  readonly number: number;
  readonly text: string;
}

const FORBIDDEN: readonly RegExp[] = [
  new RegExp(Object.values(PLANTED).join('|')),
  /PRIVATE KEY/,
  /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}/, // a ServiceAccount's token
  /\b(permit|forbid)\s*\(\s*principal\b/,
];

const folder = process.env['MCP_AUTHZ_E2E_OUTPUT'] ?? '';
const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name));

function linesOf(pattern: RegExp): readonly Line[] {
  return files
    .filter((file) => pattern.test(basename(file)))
    .flatMap((file) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .map((text, i) => ({ file, number: i + 1, text }))
        .filter(({ text }) => text !== ''),
    );
}

/** The API server logs and audits what it tells a caller of a refusal, and there he reads his own text (docs/adr/0032). */
const TOLD = /\brejected by webhook "/;

function unrefused(line: Line): Line {
  return TOLD.test(line.text) ? { ...line, text: '' } : line;
}

function untold({ text, ...where }: Line): Line {
  const event: unknown = JSON.parse(text);
  const rest = isJsonObject(event) ? { ...event, responseStatus: undefined } : event;
  return { ...where, text: JSON.stringify(rest) };
}

const isSecret = ({ text }: Line): boolean => FORBIDDEN.some((secret) => secret.test(text));
const same = (line: Line): Line => line;

it.each([
  ['logs of ours', /^server-.*\.log$/, '"message":"admission"', same],
  ['logs of the API server', /^kube-apiserver\.log$/, 'apiserver', unrefused],
  ['logs of the controllers', /^kube-controller-manager\.log$/, 'controller', same],
  ['events', /^events\.log$/, '"reason":"ConfigInvalid"', same],
  ['metrics', /^metrics\.log$/, 'mcp_authz_admission_requests_total', same],
  ['audit', /^audit.*\.log$/, 'mutation.webhook.admission', untold],
] as const)('%s hold nothing that is secret', (_what, pattern, expected, stripped) => {
  const lines = linesOf(pattern);
  // That there is something to search, and that it is what it should be.
  expect(lines.filter(({ text }) => text.includes(expected)).length).toBeGreaterThan(0);
  const found = lines.filter(isSecret).map(stripped).filter(isSecret);
  expect(found.slice(0, 5)).toEqual([]);
});
