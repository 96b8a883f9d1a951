import { environmentName, readSettings } from '../../src/runtime/read-settings.ts';
import { SETTINGS } from '../../src/runtime/settings.ts';

const NOTHING = { flags: {}, environment: {} };

describe('settings', () => {
  it('have defaults', () => {
    expect(readSettings(NOTHING)).toEqual({
      kubeconfig: undefined,
      context: undefined,
      bindAddress: '127.0.0.1',
      port: 9443,
      rollout: 'Off',
      healthPort: 8081,
      tlsCertFile: undefined,
      tlsPrivateKeyFile: undefined,
      tlsMinVersion: 'TLSv1.3',
      tlsMode: undefined,
      tlsSecretName: 'mcp-authz-webhook-tls',
      serviceName: undefined,
      serviceNamespace: undefined,
      webhookConfiguration: 'mcp-authz-webhook',
      tlsCaLifetime: 8760 * 3_600_000,
      tlsLeafLifetime: 2160 * 3_600_000,
      clientCaFile: undefined,
      clientAllowedNames: [],
      maxConnectionRequests: 10_000,
      maxConnections: 1000,
      maxInFlight: 200,
      missingReference: 'Warn',
      customRules: [],
      webhooks: 'on',
      loop: 'on',
      admissionGrace: 15,
      leaseNamespace: 'mcp-authz-system',
      leaseName: 'mcp-authz-webhook',
      logLevel: 'info',
      tracingEndpoint: undefined,
      tracingSamplingRatio: 0.1,
    });
  });

  it('come from the flag before the environment before the file', () => {
    const file = { name: 'c.yaml', text: 'port: 1\nhealthPort: 2\nlogLevel: debug\ncustomRules: [a.yaml, b.yaml]\n' };
    const settings = readSettings({
      flags: { port: '3' },
      environment: { MCP_AUTHZ_PORT: '4', MCP_AUTHZ_HEALTH_PORT: '5' },
      file,
    });
    expect(settings).toMatchObject({ port: 3, healthPort: 5, logLevel: 'debug', customRules: ['a.yaml', 'b.yaml'] });
  });

  it.each([
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    ['8760h', 31_536_000_000],
  ])('take %s as %d milliseconds', (given, expected) => {
    expect(readSettings({ ...NOTHING, flags: { tlsLeafLifetime: given } }).tlsLeafLifetime).toBe(expected);
  });

  it.each([
    [{ flags: { port: 'x' } }, '--port: "x" is not usable: expected a port number from 0 (any free port) to 65535'],
    [
      { flags: { port: '70000' } },
      '--port: "70000" is not usable: expected a port number from 0 (any free port) to 65535',
    ],
    [
      { environment: { MCP_AUTHZ_MISSING_REFERENCE: 'deny' } },
      'MCP_AUTHZ_MISSING_REFERENCE: "deny" is not usable: expected one of Warn, Deny',
    ],
    [
      { flags: { tlsLeafLifetime: '90' } },
      '--tls-leaf-lifetime: "90" is not usable: expected a duration such as 8760h or 90s, not under 10s',
    ],
    [
      { flags: { tracingEndpoint: 'collector:4318' } },
      '--tracing-endpoint: "collector:4318" is not usable: expected an address such as http://collector.observability:4318',
    ],
    [
      { flags: { tracingSamplingRatio: '10%' } },
      '--tracing-sampling-ratio: "10%" is not usable: expected a number from 0 to 1',
    ],
    [{ environment: { MCP_AUTHZ_KUBECONFIG: '' } }, 'MCP_AUTHZ_KUBECONFIG: "" is not usable: it is empty'],
    [
      { file: { name: 'c.yaml', text: 'tlsMinVersion: 1.1' } },
      'c.yaml: tlsMinVersion: "1.1" is not usable: expected one of TLSv1.2, TLSv1.3',
    ],
    [{ file: { name: 'c.yaml', text: 'port: {}' } }, 'c.yaml: port: expected a text or a number'],
    [{ file: { name: 'c.yaml', text: '- a' } }, 'c.yaml: expected a map of settings'],
    [{ file: { name: 'c.yaml', text: 'a: [' } }, /^c\.yaml: Flow sequence/],
    [
      { file: { name: 'c.yaml', text: 'prot: 1' } },
      `c.yaml: unknown setting "prot"; known are ${Object.keys(SETTINGS).join(', ')}`,
    ],
  ])('%j is refused with a message that names it', (sources, message) => {
    expect(() => readSettings({ ...NOTHING, ...sources })).toThrow(message);
  });

  it('tell every problem at once', () => {
    expect(() => readSettings({ flags: { port: 'x', logLevel: 'loud' }, environment: {} })).toThrow(
      /--port[^]*--log-level/,
    );
  });

  it('have predictable environment names', () => {
    expect(Object.keys(SETTINGS).map(environmentName)).toContain('MCP_AUTHZ_TLS_PRIVATE_KEY_FILE');
  });
});
