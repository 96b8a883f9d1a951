/** Work like that of a request, for a thread that nobody waits for yet: what runs the first time takes many times as long. */
import { runTestMaps, type TestTools } from './change.ts';

const CASE = (index: number): string =>
  `  - { name: "${String(index)}", claims: { sub: a, groups: [g] }, call: { id: t, args: { n: 1 } }, expect: allow }\n`;

const POLICY =
  'permit(principal in THVGroup::"g", action == Action::"call_tool", resource == Tool::"t") ' +
  'when { context has arg_n && principal.claim_sub like "a*" };';

export function warmUp(tools: TestTools): void {
  const text = `cases:\n${Array.from({ length: 200 }, (_, index) => CASE(index)).join('')}`;
  const spec = { type: 'cedarv1', config: { policies: [POLICY] } };
  runTestMaps(
    { maps: [{ name: '', data: { text }, action: undefined }], config: '', after: spec, before: spec },
    tools,
    { cases: 200, milliseconds: 1, clock: () => 0 },
  );
}
