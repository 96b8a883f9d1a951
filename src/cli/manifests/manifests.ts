/** `mcp-authz manifests`: the webhook configurations, ready for `kubectl apply -f -`. */
import { stringify } from 'yaml';
import { backstop } from '../../engine/backstop.ts';
import { webhookConfigurations, type WebhookTarget } from '../../engine/registration.ts';
import { MUTATORS } from '../../injection/index.ts';
import { DEFAULT_POLICY, type Rule } from '../../rules/contract.ts';
import { createRules } from '../../rules/index.ts';

export interface ManifestsOptions {
  readonly target: WebhookTarget;
  /** Rules beside the built-in ones, so that what they match is registered too. */
  readonly customRules?: readonly Rule[];
}

/** YAML, one document a configuration. */
export function renderManifests({ target, customRules = [] }: ManifestsOptions): string {
  const rules = [...createRules(DEFAULT_POLICY), ...customRules];
  return documents(webhookConfigurations({ rules, mutators: MUTATORS, target }));
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
    const [namespace = '', name = '', ...rest] = service.split('/');
    return namespace === '' || name === '' || rest.length > 0
      ? { fault: `--service "${service}" is not NAMESPACE/NAME` }
      : { service: { namespace, name }, ...caBundle };
  }
  const parsed = URL.canParse(url ?? '') ? new URL(url ?? '') : undefined;
  // The API server's own validation: scheme https, no user, no query, no fragment.
  return parsed?.protocol !== 'https:' || parsed.username !== '' || parsed.search !== '' || parsed.hash !== ''
    ? { fault: `--url "${url ?? ''}" is not https://HOST:PORT` }
    : { url: parsed.href, ...caBundle };
}
