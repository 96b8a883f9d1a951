// Import directions of ARCHITECTURE.md: api <- authorizers, cel, rules <- engine <- {cli, admission, kube <- reconcile};
// main wires all.
const layer = (name, from, to, comment) => ({
  name,
  severity: 'error',
  comment,
  from: { path: from },
  to: { path: to },
});

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'not-to-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-dev-dependencies',
      severity: 'error',
      from: { path: '^src' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    layer('api-is-a-leaf', '^src/api/', '^src/(?!api/)', 'Types and guards know nobody.'),
    layer('yaml-knows-api', '^src/yaml/', '^src/(?!api/|yaml/)', 'Text in, values out.'),
    layer('cel-knows-api', '^src/cel/', '^src/(?!api/|cel/)', 'Expressions know values only.'),
    layer('schema-knows-values', '^src/schema/', '^src/(?!api/|cel/|schema/)', 'A schema knows values only.'),
    layer(
      'authorizers-know-api',
      '^src/authorizers/(?!isolated-analyzer|analyzer-)',
      '^src/(?!api/|authorizers/)',
      'A backend knows configs only.',
    ),
    layer(
      'threads-know-tasks',
      '^src/authorizers/(isolated-analyzer|analyzer-)',
      '^src/(?!api/|authorizers/|decision-tests/)',
      'What is run apart is an analysis, or tests.',
    ),
    layer(
      'decision-tests-are-pure',
      '^src/decision-tests/',
      '^src/(?!api/|authorizers/(index|analysis)|decision-tests/|yaml/)',
      'Cases and configs in, results out: admission may ask, too.',
    ),
    layer(
      'rules-are-pure',
      '^src/rules/',
      '^src/(?!api/|authorizers/analysis|cel/|decision-tests/(outcome|config-map)|schema/|rules/)',
      'A rule knows its arguments only.',
    ),
    layer(
      'custom-rules-are-rules',
      '^src/custom-rules/',
      '^src/(?!api/|authorizers/analysis|cel/|rules/|custom-rules/)',
      'Custom rules are rules.',
    ),
    layer(
      'injection-is-pure',
      '^src/injection/',
      '^src/(?!api/|authorizers/analysis|rules/|injection/)',
      'A mutator knows its arguments only.',
    ),
    layer(
      'engine-knows-rules',
      '^src/engine/',
      '^src/(?!api/|authorizers/|cel/|decision-tests/outcome|schema/|rules/|injection/|engine/)',
      'The engine has no edges.',
    ),
    layer('kube-knows-no-driver', '^src/kube/', '^src/(admission|reconcile|cli)/', 'The client serves all drivers.'),
    layer(
      'admission-is-an-edge',
      '^src/admission/',
      '^src/(kube|reconcile|cli|certs)/',
      'Admission is given what it asks with.',
    ),
    layer('reconcile-is-an-edge', '^src/reconcile/', '^src/(admission|cli|certs)/', 'The loop does not know HTTP.'),
    layer(
      'offline-knows-no-cluster',
      '^src/cli/(check|report|manifests|decide|test|explain|migrate)/',
      '^src/(kube|reconcile|admission)/',
      'Offline commands never import kube.',
    ),
    {
      name: 'traces-are-lazy',
      severity: 'error',
      comment: 'Whoever sends no traces loads nothing of OpenTelemetry (docs/adr/0021-traces.md).',
      from: { path: '^src' },
      to: { path: '^src/runtime/tracing', dynamic: false, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'traces-are-in-one-place',
      severity: 'error',
      from: { path: '^src/(?!runtime/tracing)' },
      to: { path: '@opentelemetry/' },
    },
    layer(
      'pure-means-no-node',
      '^src/(api|rules|injection|cel|schema|decision-tests|yaml)/',
      '^(fs|net|http|https|child_process|process|os|dns|tls|worker_threads|timers)(/|$)',
      'Pure code has no edges.',
    ),
    { name: 'main-is-the-top', severity: 'error', from: { pathNot: '^src/main' }, to: { path: '^src/main' } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.cjs', '.mjs'],
    },
  },
};
