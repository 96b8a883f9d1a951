/** Kubeconfigs that need what the others do without. */
import { runScript, sourceUrl } from '../support/script.ts';

const HOOK = sourceUrl('kube/unused-modules.ts');

interface Result {
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly answer: unknown;
}

/** Reads a kubeconfig of one user and cluster, and does something with it. Which of the rare packages were loaded, when? */
function withKubeconfig(user: object, cluster: object, use: string, hook = true): Result {
  const script = `
    import { registerHooks } from 'node:module';
    import { leaveOutUnusedModules } from '${HOOK}';
    const loaded = new Set();
    registerHooks({ load: (url, context, next) => {
      const name = /node_modules[/](openid-client|socks-proxy-agent|socks|jsonpath-plus|undici)[/]/.exec(url)?.[1];
      if (name !== undefined) loaded.add(name);
      return next(url, context);
    } });
    if (${String(hook)}) leaveOutUnusedModules();
    const { KubeConfig } = await import('@kubernetes/client-node/dist/config.js');
    const config = new KubeConfig();
    config.loadFromString(JSON.stringify({
      apiVersion: 'v1', kind: 'Config', 'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'k', user: 'u' } }],
      clusters: [{ name: 'k', cluster: { server: 'https://127.0.0.1:6443', ...${JSON.stringify(cluster)} } }],
      users: [{ name: 'u', user: ${JSON.stringify(user)} }],
    }));
    const before = [...loaded].sort();
    const options = { headers: {} };
    const answer = await (async () => { ${use} })();
    console.log(JSON.stringify({ before, after: [...loaded].sort(), answer }));`;
  return JSON.parse(runScript(script)) as Result;
}

const APPLY = 'await config.applyToHTTPSOptions(options); return options.headers.Authorization;';

/** A token of OpenID Connect that ends in the year 2100; nobody has signed it, and nobody looks. */
const ID_TOKEN = [{ alg: 'none' }, { exp: 4_102_444_800 }, {}]
  .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  .join('.');

describe('what few kubeconfigs need', () => {
  it('would all be loaded', () => {
    const { before } = withKubeconfig({ token: 't' }, {}, APPLY, false);
    expect(before).toEqual(['jsonpath-plus', 'openid-client', 'socks', 'socks-proxy-agent', 'undici']);
  });

  it('is not loaded for a token', () => {
    expect(withKubeconfig({ token: 't' }, {}, APPLY)).toEqual({ before: [], after: [], answer: 'Bearer t' });
  });

  it('OpenID Connect is loaded for a user who has it, and applied', () => {
    const user = { 'auth-provider': { name: 'oidc', config: { 'id-token': ID_TOKEN } } };
    expect(withKubeconfig(user, {}, APPLY)).toEqual({
      ...{ before: [], after: ['openid-client'], answer: `Bearer ${ID_TOKEN}` },
    });
  });

  it('a SOCKS proxy is the real one, with its address', () => {
    const use = `await config.applyToHTTPSOptions(options);
      return [options.agent.constructor.name, options.agent.proxy.host, options.agent.proxy.port];`;
    expect(withKubeconfig({ token: 't' }, { 'proxy-url': 'socks5://127.0.0.1:1080' }, use)).toEqual({
      ...{ before: [], after: ['socks', 'socks-proxy-agent'], answer: ['SocksProxyAgent', '127.0.0.1', 1080] },
    });
  });

  it.each(['gcp', 'azure'])('what a command of %s prints is read', (name) => {
    const printed = 'JSON.stringify({ credential: { token: "printed", expiry: "2100-01-01T00:00:00Z" } })';
    const config = {
      ...{ 'cmd-path': process.execPath, 'cmd-args': `-p '${printed}'` },
      ...{ 'token-key': '{.credential.token}', 'expiry-key': '{.credential.expiry}' },
    };
    const { before, after, answer } = withKubeconfig({ 'auth-provider': { name, config } }, {}, APPLY);
    expect({ before, after, answer: String(answer) }).toEqual({
      ...{ before: [], after: ['jsonpath-plus'], answer: 'Bearer printed' },
    });
  });
});
