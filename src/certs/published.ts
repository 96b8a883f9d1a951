/** The caBundle of our webhook configurations: read, and written by server-side apply. */
import { at, stringAt, type JsonObject } from '../api/json.ts';
import { PREFIX } from '../api/names.ts';
import type { KubernetesObject } from '../api/objects.ts';
import type { PublishedBundle } from './plan.ts';
import { certificatesOf } from './secret.ts';

/** Apart from the server's other writes: it owns caBundle and nothing else, so GitOps tools can be told to ignore it. */
export const CA_FIELD_MANAGER = 'mcp-authz-webhook-ca';

const REGISTRATION = '/apis/admissionregistration.k8s.io/v1';
export const CONFIGURATION_RESOURCES = ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'] as const;

export function configurationPath(resource: (typeof CONFIGURATION_RESOURCES)[number], name: string): string {
  return `${REGISTRATION}/${resource}/${encodeURIComponent(name)}`;
}

/** Of the webhooks that are ours by name; a configuration may hold others'. */
export function bundlesOf(configuration: KubernetesObject): readonly PublishedBundle[] {
  const webhooks = at(configuration, 'webhooks');
  const entries: readonly unknown[] = Array.isArray(webhooks) ? webhooks : [];
  return entries.flatMap((entry) => {
    const webhook = stringAt(entry, 'name');
    return webhook?.endsWith(`.${PREFIX}`) === true
      ? [{ webhook, certs: certificatesOf(decode(stringAt(entry, 'clientConfig', 'caBundle'))) }]
      : [];
  });
}

/**
 * What is applied: caBundle of every webhook of ours that is there. The resourceVersion makes it fail where somebody
 * changed the configuration since it was read, or took it away: it must not be created by this, half as it is.
 */
export function bundleApply(configuration: KubernetesObject, certs: readonly string[]): JsonObject {
  const caBundle = Buffer.from(certs.join('')).toString('base64');
  const { apiVersion, kind, metadata } = configuration;
  return {
    apiVersion,
    kind,
    metadata: { name: metadata.name, uid: metadata.uid, resourceVersion: metadata.resourceVersion },
    webhooks: bundlesOf(configuration).map(({ webhook }) => ({ name: webhook, clientConfig: { caBundle } })),
  };
}

function decode(base64: string | undefined): string {
  return Buffer.from(base64 ?? '', 'base64').toString('utf8');
}
