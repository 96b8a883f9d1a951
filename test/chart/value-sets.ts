/** Values that people give, by what they want: every template and every branch of one is rendered by at least one. */

export const CA = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';

export const VALUE_SETS: Readonly<Record<string, object>> = {
  nothing: {},
  'one replica': { replicaCount: 1, podDisruptionBudget: { enabled: false } },
  'another name': { fullnameOverride: 'guard' },
  'a name too long for a Service': { fullnameOverride: 'x'.repeat(80) },
  'a mirror and a digest': {
    image: { registry: 'mirror.example.com:5000', digest: `sha256:${'0'.repeat(64)}` },
    imagePullSecrets: [{ name: 'mirror' }],
  },
  'cert-manager': { certManager: { enabled: true } },
  'cert-manager with an issuer of its own': {
    certManager: { enabled: true, issuerRef: { name: 'corporate', kind: 'ClusterIssuer', group: 'cert-manager.io' } },
  },
  'its own certificate': { tls: { mode: 'files', existingSecret: 'serving', caBundle: CA } },
  'its own certificate, CA injected by something else': { tls: { mode: 'files', existingSecret: 'serving' } },
  'the network of the node': { hostNetwork: true, webhook: { port: 9443 } },
  'IPv6 only': { webhook: { bindAddress: '::' } },
  'everything observed': {
    serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
    prometheusRule: { enabled: true, labels: { release: 'prometheus' } },
    grafanaDashboard: { enabled: true, annotations: { folder: 'ToolHive' } },
    tracing: { enabled: true, endpoint: 'http://collector.observability:4318' },
    logging: { level: 'debug' },
  },
  'custom rules': {
    customRules: { 'naming.yaml': 'kind: none\n' },
    webhooks: { workloadsDelete: { enabled: true } },
  },
  'webhooks narrowed': {
    webhooks: {
      workloadsValidate: {
        failurePolicy: 'Ignore',
        timeoutSeconds: 25,
        namespaceSelector: {
          matchLabels: { toolhive: 'on' },
          matchExpressions: [{ key: 'tier', operator: 'In', values: ['prod'] }],
        },
        objectSelector: { matchExpressions: [{ key: 'skip', operator: 'DoesNotExist' }] },
        matchConditions: [{ name: 'not-robots', expression: '!request.userInfo.username.startsWith("robot-")' }],
        excludeNamespaces: ['sandbox'],
      },
    },
  },
  'no webhooks at all': {
    webhooks: Object.fromEntries(
      ['workloadsMutate', 'configsMutate', 'podsMutate', 'workloadsValidate', 'configsValidate', 'configsDelete'].map(
        (name) => [name, { enabled: false }],
      ),
    ),
    loop: { enabled: true },
  },
  'a selector taken away': { webhooks: { configsDelete: { namespaceSelector: null, objectSelector: null } } },
  'only what admission needs': {
    loop: { enabled: false },
    backstop: { enabled: false },
    cleanup: { enabled: false },
    networkPolicy: { enabled: false },
  },
  'permissions from elsewhere': { rbac: { create: false }, serviceAccount: { create: false, name: 'given' } },
  'the CRD too': { crds: { install: true } },
  'the CRD too, and gone with the rest': { crds: { install: true, keep: false } },
  placed: {
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    tolerations: [{ key: 'node-role.kubernetes.io/control-plane', operator: 'Exists' }],
    affinity: { nodeAffinity: {} },
    priorityClassName: 'system-cluster-critical',
    topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'rack', whenUnsatisfiable: 'DoNotSchedule' }],
  },
  extended: {
    commonLabels: { team: 'platform' },
    podLabels: { mesh: 'off' },
    podAnnotations: { 'sidecar.istio.io/inject': 'false' },
    service: { annotations: { note: 'x' } },
    serviceAccount: { annotations: { note: 'x' } },
    extraArgs: ['--missing-reference=Deny'],
    extraEnv: [{ name: 'NODE_OPTIONS', value: '--max-old-space-size=384' }],
    extraVolumes: [{ name: 'extra', emptyDir: {} }],
    extraVolumeMounts: [{ name: 'extra', mountPath: '/extra' }],
    networkPolicy: {
      apiServerCIDRs: ['10.0.0.0/28'],
      apiServerPorts: [443],
      metricsFrom: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
      extraEgress: [{ ports: [{ port: 4318, protocol: 'TCP' }] }],
    },
    resources: {},
  },
};
