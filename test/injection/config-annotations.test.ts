import fc from 'fast-check';
import { mutate } from '../../src/engine/mutate.ts';
import { annotation, type KubernetesObject } from '../../src/api/objects.ts';
import { configAnnotations } from '../../src/injection/config-annotations.ts';
import type { WriteInput } from '../../src/rules/contract.ts';
import { ABSENT, answers, present, UNKNOWN, type Given } from '../support/answers.ts';
import { create, resolved, server, update, VALID, virtualServer } from '../support/objects.ts';

const HASH = 'authz.toolhive.stacklok.dev/config-hash';
const REF = 'authz.toolhive.stacklok.dev/config-ref';
const RESOLVED = 'authz.toolhive.stacklok.dev/resolved-config';
const CURRENT = { [HASH]: 'f00d', [REF]: 'a@7', [RESOLVED]: '{"version":"1.0"}' };

function referring(annotations?: Record<string, string>, extra: Record<string, unknown> = {}): KubernetesObject {
  return server({ authzConfigRef: { name: 'a' }, ...extra }, annotations === undefined ? {} : { annotations });
}

function mutated(input: WriteInput, given: Given = { config: present(resolved()) }): ReturnType<typeof mutate> {
  return mutate([configAnnotations], input, answers(given));
}

describe('the annotations of a workload', () => {
  it.each([
    ['MCPServer', referring()],
    ['VirtualMCPServer', virtualServer({ authzConfigRef: { name: 'a' } })],
  ])('tell hash, origin and text of its config: %s', (_kind, object) => {
    expect(mutated(create(object)).object.metadata.annotations).toEqual(CURRENT);
  });

  it('leave those of others alone', () => {
    expect(mutated(create(referring({ other: 'x' }))).object.metadata.annotations).toEqual({ other: 'x', ...CURRENT });
  });

  it('go with the reference, and the map with the last of them', () => {
    expect(mutated(update(referring(CURRENT), server({}, { annotations: CURRENT }))).patch).toEqual([
      { op: 'remove', path: '/metadata/annotations' },
    ]);
    expect(mutated(create(server({}, { annotations: { other: 'x', [HASH]: 'f00d' } }))).patch).toEqual([
      { op: 'remove', path: '/metadata/annotations/authz.toolhive.stacklok.dev~1config-hash' },
    ]);
  });

  it.each<[string, Given]>([
    ['missing', { config: ABSENT }],
    ['invalid', { config: present(resolved({ problems: [{ path: '', reason: 'R', message: 'm' }] })) }],
    ['not to be rendered', { config: present({ ...resolved(), analysis: { type: 'x', problems: [], advice: [] } }) }],
  ])('are none while the config is %s', (_title, given) => {
    expect(mutated(create(referring(CURRENT)), given).object.metadata.annotations).toBeUndefined();
  });

  it('are left as they are, and the request undecided, while the config cannot be looked up', () => {
    const result = mutated(create(referring({ [HASH]: 'old' })), { config: UNKNOWN });
    expect(result.patch).toEqual([]);
    expect(result.findings.map(({ level, message }) => [level, message])).toEqual([
      ['unknown', 'MCPAuthzConfig "a" could not be looked up: the API server did not answer.'],
    ]);
  });

  it('hold no text above 16 KiB', () => {
    const rendering = { toolhiveHash: 'x', hash: 'f00d', runtimeJson: 'é'.repeat(8192) };
    const fits = mutated(create(referring()), { config: present(resolved({ rendering })) });
    expect(annotation(fits.object, RESOLVED)).toHaveLength(8192);
    const tooLarge = { ...rendering, runtimeJson: `${rendering.runtimeJson}x` };
    const cut = mutated(create(referring()), { config: present(resolved({ rendering: tooLarge })) });
    expect(cut.object.metadata.annotations).toEqual({ [HASH]: 'f00d', [REF]: 'a@7' });
  });

  it('are replaced, with a warning, where somebody wrote them by hand', () => {
    const result = mutated(update(referring(CURRENT), referring({ ...CURRENT, [HASH]: 'forged' }, { replicas: 2 })));
    expect(result.object.metadata.annotations).toEqual(CURRENT);
    expect(result.findings.map(({ level, path }) => `${level} ${path}`)).toEqual([
      `warn metadata.annotations[${HASH}]`,
    ]);
  });

  it('are replaced without a word where they are only out of date', () => {
    const outdated = { ...CURRENT, [HASH]: 'old', [REF]: 'a@3' };
    const result = mutated(update(referring(outdated), referring(outdated, { replicas: 2 })));
    expect(result.object.metadata.annotations).toEqual(CURRENT);
    expect(result.findings).toEqual([]);
  });

  it('keep the resourceVersion of the first resolution while hash and name stay', () => {
    const first = { ...CURRENT, [REF]: 'a@3' };
    expect(mutated(update(referring(first), referring(first, { replicas: 2 }))).patch).toEqual([]);
    expect(
      mutated(update(referring(first), referring({ ...first, [REF]: 'a@999' }))).object.metadata.annotations,
    ).toEqual(first);
    const otherName = { ...first, [REF]: 'b@3' };
    expect(annotation(mutated(update(referring(otherName), referring(otherName))).object, REF)).toBe('a@7');
  });

  it('are the same after a second pass, whatever was there', () => {
    const maps = fc.dictionary(fc.constantFrom(HASH, REF, RESOLVED, 'other', 'a/b~c'), fc.string());
    fc.assert(
      fc.property(fc.option(maps, { nil: undefined }), fc.option(maps, { nil: undefined }), (stored, given) => {
        const input = stored === undefined ? create(referring(given)) : update(referring(stored), referring(given));
        const once = mutated(input).object;
        expect(mutated({ ...input, object: once }).patch).toEqual([]);
        expect(once['spec']).toEqual(input.object['spec']);
      }),
    );
  });

  it('take a config without name or resourceVersion as it is', () => {
    const anonymous = { object: { apiVersion: 'x/v1', kind: 'MCPAuthzConfig', metadata: {} }, analysis: VALID };
    expect(annotation(mutated(create(referring()), { config: present(anonymous) }).object, REF)).toBe('@');
  });
});
