/** Registration and trust: would the API server accept what the server serves with? */
import type { X509Certificate } from 'node:crypto';
import { at, stringAt } from '../../api/json.ts';
import { PREFIX } from '../../api/names.ts';
import type { KubernetesObject } from '../../api/objects.ts';
import { dnsNamesOf, isSignedBy, servingPair, x509 } from '../../certs/secret.ts';
import { bundlesOf } from '../../certs/published.ts';
import type { Gathered } from './gathered.ts';
import type { Diagnosis } from './report.ts';

const KINDS = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'] as const;
const DAY_MS = 24 * 3_600_000;

export function configurationChecks(gathered: Gathered): readonly Diagnosis[] {
  const leaf = servedLeaf(gathered.secret);
  const found = gathered.configurations.flatMap((configuration) => bundleChecks(configuration, leaf, gathered));
  return [...registered(gathered), ...leafChecks(leaf, gathered), ...found];
}

function registered({ configurations, names }: Gathered): readonly Diagnosis[] {
  return KINDS.map((kind) =>
    configurations.some((configuration) => configuration.kind === kind)
      ? { check: 'registration', level: 'ok', message: `${kind} ${names.configuration} is there` }
      : {
          check: 'registration',
          level: 'problem',
          message: `${kind} ${names.configuration} is missing: the API server does not ask`,
          remedy: 'kubectl apply -k webhooks, or helm upgrade --install',
        },
  );
}

function servedLeaf(secret: KubernetesObject | undefined): X509Certificate | undefined {
  const pair = secret === undefined ? undefined : servingPair(secret);
  return pair === undefined ? undefined : x509(pair.cert);
}

function leafChecks(leaf: X509Certificate | undefined, { secret, now, names }: Gathered): readonly Diagnosis[] {
  const check = 'certificate';
  const where = `Secret ${names.namespace}/${names.secret}`;
  if (secret === undefined) {
    return []; // its own files, which cannot be seen from here: whether they work shows when the webhook is asked
  }
  if (leaf === undefined) {
    const remedy = `see the log of the leader for "certificates"; deleting the Secret has all of it issued anew`;
    return [{ check, level: 'problem', message: `${where} holds no certificate`, remedy }];
  }
  const left = leaf.validToDate.getTime() - now.getTime();
  const life = leaf.validToDate.getTime() - leaf.validFromDate.getTime();
  const until = leaf.validToDate.toISOString();
  const remedy = 'see the log of the leader for "certificates"';
  if (left <= 0) {
    return [{ check, level: 'problem', message: `the serving certificate expired at ${until}`, remedy }];
  }
  return left < Math.min(life / 6, 30 * DAY_MS)
    ? [{ check, level: 'warning', message: `the serving certificate expires at ${until} and was not renewed`, remedy }]
    : [{ check, level: 'ok', message: `the serving certificate is valid until ${until}` }];
}

function bundleChecks(
  configuration: KubernetesObject,
  leaf: X509Certificate | undefined,
  { now }: Gathered,
): readonly Diagnosis[] {
  const webhooks = at(configuration, 'webhooks');
  const entries: readonly unknown[] = Array.isArray(webhooks) ? webhooks : [];
  return bundlesOf(configuration).map(({ webhook, certs }) => {
    const entry = entries.find((each) => stringAt(each, 'name') === webhook);
    const trouble = bundleTrouble(certs, leaf, now) ?? nameTrouble(entry, leaf);
    const check = `caBundle ${webhook.slice(0, -PREFIX.length - 1)}`;
    return trouble === undefined
      ? { check, level: 'ok', message: leaf === undefined ? 'holds a valid CA' : 'trusts the serving certificate' }
      : { check, level: 'problem', ...trouble };
  });
}

interface Trouble {
  readonly message: string;
  readonly remedy: string;
}

function bundleTrouble(certs: readonly string[], leaf: X509Certificate | undefined, now: Date): Trouble | undefined {
  const authorities = certs.map((cert) => x509(cert)).filter((ca) => ca !== undefined);
  const remedy =
    'self-managed: see the log of the leader; cert-manager: the annotation cert-manager.io/inject-ca-from; ' +
    'own files: mcp-authz manifests --ca-file';
  if (authorities.length === 0) {
    return { message: 'holds no certificate authority', remedy };
  }
  const valid = authorities.filter((ca) => now < ca.validToDate);
  if (valid.length === 0) {
    return { message: 'holds only certificate authorities that expired', remedy };
  }
  return leaf === undefined || valid.some((ca) => isSignedBy(leaf, ca))
    ? undefined
    : { message: 'holds no authority that signed the serving certificate', remedy };
}

function nameTrouble(webhook: unknown, leaf: X509Certificate | undefined): Trouble | undefined {
  const name = stringAt(webhook, 'clientConfig', 'service', 'name');
  const namespace = stringAt(webhook, 'clientConfig', 'service', 'namespace');
  const host = `${name ?? ''}.${namespace ?? ''}.svc`;
  if (name === undefined || leaf === undefined || dnsNamesOf(leaf).includes(host)) {
    return undefined;
  }
  return {
    message: `calls ${host}, and the serving certificate is for ${dnsNamesOf(leaf).join(', ')}`,
    remedy: 'give --service-name and --service-namespace of that Service to the server',
  };
}
