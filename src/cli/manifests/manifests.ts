/** `mcp-authz manifests`: the webhook configurations, ready for `kubectl apply -f -`. */
import { stringify } from 'yaml';
import { backstop } from '../../engine/backstop.ts';
import { webhookConfigurations, type ServiceAccount, type WebhookTarget } from '../../engine/registration.ts';
import { MUTATORS } from '../../injection/index.ts';
import { DEFAULT_POLICY, type Rule } from '../../rules/contract.ts';
import { createRules } from '../../rules/index.ts';

export interface ManifestsOptions {
  readonly target: WebhookTarget;
  /** Rules beside the built-in ones, so that what they match is registered too. */
  readonly customRules?: readonly Rule[];
  /** Under which the companion loop runs. */
  readonly account?: ServiceAccount | undefined;
}

/** YAML, one document a configuration. */
export function renderManifests({ target, account, customRules = [] }: ManifestsOptions): string {
  const rules = [...createRules(DEFAULT_POLICY), ...customRules];
  return documents(webhookConfigurations({ rules, mutators: MUTATORS, target, account }));
}

/** What protects configs in use while no replica of ours is there. */
export function renderBackstop(): string {
  return documents(backstop());
}

function documents(objects: readonly object[]): string {
  return objects.map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n');
}

/** What `--url` and `--service` say, or why it cannot be used. */
export function parseTarget(
  { url, service }: { readonly url?: string; readonly service?: string },
  ca: string | undefined,
): WebhookTarget | { readonly fault: string } {
  const caBundle = ca === undefined ? {} : { caBundle: Buffer.from(ca).toString('base64') };
  if ((url === undefined) === (service === undefined)) {
    return { fault: 'give either --url https://HOST:PORT or --service NAMESPACE/NAME' };
  }
  if (service !== undefined) {
    const named = namespaceAndName(service);
    return named === undefined
      ? { fault: `--service "${service}" is not NAMESPACE/NAME` }
      : { service: named, ...caBundle };
  }
  const parsed = URL.canParse(url ?? '') ? new URL(url ?? '') : undefined;
  // The API server's own validation: scheme https, no user, no query, no fragment.
  return parsed?.protocol !== 'https:' || parsed.username !== '' || parsed.search !== '' || parsed.hash !== ''
    ? { fault: `--url "${url ?? ''}" is not https://HOST:PORT` }
    : { url: parsed.href, ...caBundle };
}

/** What `--service-account` says, or why it cannot be used. It becomes a part of an expression, so it is held to a name. */
export function parseAccount(text: string | undefined): ServiceAccount | { readonly fault: string } | undefined {
  if (text === undefined) {
    return undefined;
  }
  const named = namespaceAndName(text);
  return named === undefined || !/^[a-z0-9.-]+$/.test(`${named.namespace}${named.name}`)
    ? { fault: `--service-account "${text}" is not NAMESPACE/NAME` }
    : named;
}

/** Undefined where it is not one of each. */
function namespaceAndName(text: string): { readonly namespace: string; readonly name: string } | undefined {
  const [namespace = '', name = '', ...rest] = text.split('/');
  return namespace === '' || name === '' || rest.length > 0 ? undefined : { namespace, name };
}
