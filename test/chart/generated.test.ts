/** What the chart says of others must be what they say: rules, permissions, CRD, values, metrics, the package. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { parse, parseAllDocuments } from 'yaml';
import type { JsonObject } from '../../src/api/json.ts';
import type { KubernetesObject } from '../../src/api/objects.ts';
import { chartFiles, webhookDefaults } from '../../src/cli/manifests/chart.ts';
import { renderBackstop, renderManifests } from '../../src/cli/manifests/manifests.ts';
import { createKubeMetrics } from '../../src/kube/metrics.ts';
import { createLoopMetrics } from '../../src/runtime/loop-metrics.ts';
import { createMetrics } from '../../src/runtime/metrics.ts';
import { CHART, helmPath, render } from '../support/helm.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (...path: readonly string[]): string => readFileSync(join(ROOT, ...path), 'utf8');
const objectsOf = (text: string): readonly KubernetesObject[] =>
  parseAllDocuments(text).map((document) => document.toJS() as KubernetesObject);

const SOURCES = { rbac: read('webhooks/rbac.yaml'), crd: read('test/crds/mcpauthzconfigs.yaml') };

beforeAll(helmPath, 120_000);

/** Without names, labels and annotations, which the chart has of its own. */
const content = ({ metadata, ...rest }: KubernetesObject): JsonObject => ({ ...rest, name: metadata.name ?? '' });

describe('npm run generate', () => {
  it.each(Object.entries(chartFiles(SOURCES)))('has written %s', (name, text) => {
    expect(readFileSync(join(CHART, name), 'utf8')).toBe(text);
  });

  it('has written the values into the README', () => {
    expect(() =>
      execFileSync(process.execPath, ['scripts/chart-readme.mjs', '--check'], { cwd: ROOT, stdio: 'pipe' }),
    ).not.toThrow();
  });
});

describe('what is installed without values', () => {
  it('asks what "mcp-authz manifests" would ask', () => {
    const printed = objectsOf(
      renderManifests({
        target: { service: { namespace: 'authz-system', name: 'authz-mcp-authz-webhook' } },
        account: { namespace: 'authz-system', name: 'authz-mcp-authz-webhook' },
      }),
    );
    const rendered = render().filter(({ kind }) => kind.endsWith('WebhookConfiguration'));
    const sorted = (objects: readonly KubernetesObject[]): readonly JsonObject[] =>
      objects.map(content).sort((one, other) => String(one['kind']).localeCompare(String(other['kind'])));
    expect(sorted(rendered)).toEqual(sorted(printed));
  });

  it('has the backstop of webhooks/', () => {
    const rendered = render().filter(({ kind }) => kind.startsWith('ValidatingAdmissionPolicy'));
    const backstop = objectsOf(renderBackstop());
    expect(rendered.map(content)).toEqual(expect.arrayContaining(backstop.map(content)));
    expect(rendered).toHaveLength(backstop.length);
  });

  const rules = (objects: readonly KubernetesObject[], kind: string): readonly unknown[] =>
    objects
      .filter((object) => object.kind === kind && object.metadata.annotations?.['helm.sh/hook'] === undefined)
      .map((object) => object['rules']);

  it('may do what webhooks/rbac.yaml says, no more and no less', () => {
    const base = objectsOf(SOURCES.rbac);
    for (const kind of ['ClusterRole', 'Role']) {
      expect(rules(render(), kind)).toEqual(rules(base, kind));
      expect(rules(base, kind)).not.toEqual([]);
    }
  });

  it('may not do what the values make needless', () => {
    const text = (values: object): string =>
      JSON.stringify(['ClusterRole', 'Role'].map((kind) => rules(render(values), kind)));
    const files = text({ tls: { mode: 'files', existingSecret: 'serving' } });
    expect(files).not.toMatch(/secrets|webhookconfigurations/);
    expect(text({ certManager: { enabled: true } })).toBe(files);
    const withoutLoop = text({ loop: { enabled: false } });
    expect(withoutLoop).not.toMatch(/status|events|"verbs":\["patch"\]/);
    expect(withoutLoop).toMatch(/secrets.*webhookconfigurations|webhookconfigurations.*secrets/);
  });

  it('says of each verb what it is for', () => {
    for (const file of ['rbac.yaml', 'cleanup.yaml']) {
      const text = readFileSync(join(CHART, 'templates', file), 'utf8');
      let comment = '';
      for (const line of text.split('\n')) {
        if (/^ {2}#/.test(line)) {
          comment += line;
        } else if (line.includes('verbs:')) {
          for (const [verb] of line.split('verbs:')[1]?.matchAll(/\w+/g) ?? []) {
            expect(`${file}: ${comment}`).toContain(`${verb}: `);
          }
          comment = comment.includes('neither of the Lease') ? comment : '';
        }
      }
    }
  });
});

describe('values.yaml', () => {
  const values = parse(readFileSync(join(CHART, 'values.yaml'), 'utf8')) as { webhooks: Record<string, JsonObject> };

  it('has every webhook, as the rules register it', () => {
    const given = Object.entries(values.webhooks).map(([name, { enabled, failurePolicy, timeoutSeconds }]) => [
      name,
      { enabled, failurePolicy, timeoutSeconds },
    ]);
    expect(Object.fromEntries(given)).toEqual(Object.fromEntries(webhookDefaults()));
  });

  it('has the version of the package', () => {
    const { version, appVersion } = parse(readFileSync(join(CHART, 'Chart.yaml'), 'utf8')) as JsonObject;
    const { version: released } = JSON.parse(read('package.json')) as JsonObject;
    expect([version, appVersion]).toEqual([released, released]);
  });
});

describe('alerts and dashboard', () => {
  it('ask for metrics that the server has', async () => {
    const registry = new Registry();
    const loop = createLoopMetrics(registry);
    loop.observe({ depth: () => 0, contended: () => 0, pods: () => ({}), rollouts: () => 0 });
    createKubeMetrics(registry);
    const metrics = await Registry.merge([createMetrics().registry, registry]).getMetricsAsJSON();
    const known = metrics.map(({ name }) => name);
    const texts = [
      readFileSync(join(CHART, 'files/dashboard.json'), 'utf8'),
      JSON.stringify(render({ prometheusRule: { enabled: true } }).filter(({ kind }) => kind === 'PrometheusRule')),
    ];
    for (const text of texts) {
      const asked = [...text.matchAll(/\bmcp_authz_\w+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, ''));
      expect(asked.length).toBeGreaterThan(5);
      expect(asked.filter((name) => !known.includes(name))).toEqual([]);
    }
  });

  it('put the dashboard into the ConfigMap as it is', () => {
    const [map] = render({ grafanaDashboard: { enabled: true } }).filter(({ kind }) => kind === 'ConfigMap');
    const data = map?.['data'] as Record<string, string>;
    expect(JSON.parse(data['mcp-authz-webhook.json'] ?? '')).toEqual(
      JSON.parse(readFileSync(join(CHART, 'files/dashboard.json'), 'utf8')),
    );
  });

  it('show requests that were refused for want of room', () => {
    const [rule] = render({ prometheusRule: { enabled: true } }).filter(({ kind }) => kind === 'PrometheusRule');
    for (const text of [JSON.stringify(rule), readFileSync(join(CHART, 'files/dashboard.json'), 'utf8')]) {
      expect(text).toContain('sum by (bound) (rate(mcp_authz_admission_shed_total{');
    }
  });

  it('tell of a certificate 30 days and 1 day before its end', () => {
    const [rule] = render({ prometheusRule: { enabled: true } }).filter(({ kind }) => kind === 'PrometheusRule');
    const text = JSON.stringify(rule);
    expect(text).toContain('- time() < 30 * 86400');
    expect(text).toContain('- time() < 86400');
    for (const alert of ['Absent', 'RulePanics', 'Sheds', 'ManyDenials', 'NoLeader', 'CacheStale']) {
      expect(text).toContain(`"alert":"McpAuthz${alert}"`);
    }
  });
});
