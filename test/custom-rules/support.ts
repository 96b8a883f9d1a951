/** Custom rules for tests, as small as they can be written. */
import { stringify } from 'yaml';
import { compileCustomRules } from '../../src/custom-rules/compile.ts';
import { renderFault } from '../../src/custom-rules/fault.ts';
import type { Rule } from '../../src/rules/contract.ts';

export const HEAD = 'apiVersion: authz.toolhive.stacklok.dev/v1alpha1\nkind: CustomRule\n';

export const ANYTHING = {
  resourceRules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*'] }],
};

/** A rule about anything, with one validation that fails, unless `spec` says otherwise. */
export function ruleText(spec: Readonly<Record<string, unknown>> = {}, name = 'mine'): string {
  return stringify({
    apiVersion: 'authz.toolhive.stacklok.dev/v1alpha1',
    kind: 'CustomRule',
    metadata: { name },
    spec: { matchConstraints: ANYTHING, validations: [{ expression: 'false', message: 'no.' }], ...spec },
  });
}

export function compiled(...texts: readonly string[]): readonly Rule[] {
  const result = compileCustomRules(texts.map((text, index) => ({ name: `${String(index)}.yaml`, text })));
  if ('faults' in result) {
    throw new Error(result.faults.map(renderFault).join('\n'));
  }
  return result.rules;
}

/** Every fault of one file as `line:column message`. */
export function faultsOf(text: string, reserved: readonly string[] = []): readonly string[] {
  const result = compileCustomRules([{ name: 'f', text }], reserved);
  return 'faults' in result
    ? result.faults.map(
        ({ file, line, column, message }) =>
          `${file === 'f' ? '' : `${file} `}${String(line)}:${String(column)} ${message}`,
      )
    : [];
}
