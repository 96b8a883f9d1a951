/** Manifests mean here what they mean to kubectl, wherever they are read. */
import { isNode, LineCounter } from 'yaml';
import { kubectlDocuments } from '../../src/yaml/kubectl-documents.ts';
import { nodeValue } from '../../src/yaml/node-value.ts';
import { readText } from '../../src/yaml/read-text.ts';
import { KUBECTL_YAML, NOT_FOR_KUBECTL } from '../support/kubectl-yaml.ts';

function valueOf(text: string): unknown {
  const [document, ...more] = kubectlDocuments(text, new LineCounter());
  const [error] = document?.errors ?? [];
  if (!isNode(document?.contents) || more.length > 0 || error !== undefined) {
    throw error ?? new Error('no document');
  }
  return nodeValue(document.contents, document, { markFractions: false }).value;
}

it.each(KUBECTL_YAML)('%s is %s', (yaml, json) => {
  expect(valueOf(`v: ${yaml}`)).toEqual({ v: JSON.parse(json) as unknown });
});

it.each(NOT_FOR_KUBECTL)('%s is refused', (yaml) => {
  expect(() => valueOf(`v: ${yaml}`)).toThrow();
  expect(yaml === '{~: a}' || 'error' in readText(`v: ${yaml}`)).toBe(true); // a key of that name does no harm there
});

/** In a ConfigMap nobody but us reads these, and a key that is given twice is a mistake. */
const STRICTER = ['{a: 1, a: 2}', '{k: 5, <<: {k: 1}}', '[!mine x, ! 5]'];

it.each(KUBECTL_YAML.filter(([yaml]) => !STRICTER.includes(yaml)))('in a ConfigMap %s is %s', (yaml, json) => {
  expect(readText(`v: ${yaml}`)).toEqual({ value: { v: JSON.parse(json) as unknown } });
});

it('aliases are followed, not multiplied without end', () => {
  const bomb = [
    'a: &a [1,1,1,1,1,1,1,1,1]',
    ...'bcdefghi'.split('').map((key, i) => {
      const before = 'abcdefgh'.charAt(i);
      return `${key}: &${key} [${Array.from({ length: 9 }, () => `*${before}`).join(',')}]`;
    }),
  ].join('\n');
  expect(() => valueOf(bomb)).toThrow('its aliases stand for too much');
  expect(readText(bomb)).toEqual({ error: 'its aliases stand for too much' });
  expect(readText('a: &a {x: 1}\nb: [*a, *a]')).toEqual({ value: { a: { x: 1 }, b: [{ x: 1 }, { x: 1 }] } });
  expect(valueOf('a: &a {x: 1}\nb: [*a, *a]')).toEqual({ a: { x: 1 }, b: [{ x: 1 }, { x: 1 }] });
});

it('keys keep their names, whatever they are', () => {
  expect(Object.keys(valueOf('__proto__: 1\nconstructor: 2') as object)).toEqual(['__proto__', 'constructor']);
});
