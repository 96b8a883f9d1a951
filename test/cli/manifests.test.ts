import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { kustomizeFiles } from '../../src/cli/manifests/kustomize.ts';
import { loadCustomRules } from '../../src/custom-rules/index.ts';
import { parseAccount, parseTarget, renderManifests } from '../../src/cli/manifests/manifests.ts';

const ROOT = join(import.meta.dirname, '../..');

describe('webhooks/', () => {
  it.each(Object.entries(kustomizeFiles()))('%s is what the rules say (npm run generate)', (name, text) => {
    expect(readFileSync(join(ROOT, 'webhooks', name), 'utf8')).toBe(text);
  });
});

describe('mcp-authz manifests', () => {
  it('prints both configurations as YAML, mutating first', () => {
    const documents = parseAllDocuments(renderManifests({ target: { url: 'https://127.0.0.1:1' } }));
    expect(documents.map((document) => (document.toJS() as { kind: string }).kind)).toEqual([
      'MutatingWebhookConfiguration',
      'ValidatingWebhookConfiguration',
    ]);
  });

  it('registers what custom rules match', () => {
    const text = JSON.stringify({
      apiVersion: 'authz.toolhive.stacklok.dev/v1alpha1',
      kind: 'CustomRule',
      metadata: { name: 'keep-proxies' },
      spec: {
        matchConstraints: {
          resourceRules: [
            { apiGroups: ['*'], apiVersions: ['*'], operations: ['DELETE'], resources: ['mcpremoteproxies'] },
          ],
        },
        validations: [{ expression: 'false', message: 'stay.' }],
      },
    });
    const rules = loadCustomRules({ paths: ['f'], reserved: [] }, (name) => [{ name, text }]);
    const target = { url: 'https://127.0.0.1:1' };
    const names = (yaml: string): readonly string[] =>
      [...yaml.matchAll(/- name: (\S+)\.authz\./g)].map(([, name]) => name ?? '').filter((name) => name.includes('.'));
    const [without, withRule] = [renderManifests({ target }), renderManifests({ target, customRules: rules })];
    expect(names(withRule).filter((name) => !names(without).includes(name))).toEqual(['workloads.delete']);
    expect(withRule).toMatch(/operations:\n\s+- DELETE\n\s+resources:\n\s+- mcpremoteproxies\n/);
  });

  it.each([
    [{ url: 'https://host:9443' }, undefined, { url: 'https://host:9443/' }],
    [{ url: 'https://host:9443/base' }, 'CA', { url: 'https://host:9443/base', caBundle: 'Q0E=' }],
    [{ service: 'ns/name' }, 'CA', { service: { namespace: 'ns', name: 'name' }, caBundle: 'Q0E=' }],
    [{}, undefined, { fault: 'give either --url https://HOST:PORT or --service NAMESPACE/NAME' }],
    [
      { url: 'https://a', service: 'a/b' },
      undefined,
      { fault: 'give either --url https://HOST:PORT or --service NAMESPACE/NAME' },
    ],
    [{ url: 'http://a' }, undefined, { fault: '--url "http://a" is not https://HOST:PORT' }],
    [{ url: 'nonsense' }, undefined, { fault: '--url "nonsense" is not https://HOST:PORT' }],
    [{ url: 'https://a?b' }, undefined, { fault: '--url "https://a?b" is not https://HOST:PORT' }],
    [{ service: 'name' }, undefined, { fault: '--service "name" is not NAMESPACE/NAME' }],
    [{ service: 'a/b/c' }, undefined, { fault: '--service "a/b/c" is not NAMESPACE/NAME' }],
  ])('%j', (flags, ca, expected) => {
    expect(parseTarget(flags, ca)).toEqual(expected);
  });

  it.each([
    [undefined, undefined],
    ['system/loop', { namespace: 'system', name: 'loop' }],
    ['loop', { fault: '--service-account "loop" is not NAMESPACE/NAME' }],
    ['a/b" || true', { fault: '--service-account "a/b" || true" is not NAMESPACE/NAME' }],
  ])('--service-account %s', (text, expected) => {
    expect(parseAccount(text)).toEqual(expected);
  });
});
