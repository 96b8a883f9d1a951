/**
 * A Pepr module with one rule, served as `pepr build` has it served: the same controller, settings from the environment
 * as its Deployment gives them. Only the bundling and the download of the bundle from a Secret are left out.
 */
const { Capability, PeprModule, RegisterKind, a } = require('pepr');

const MESSAGE =
  'authzConfig and authzConfigRef are mutually exclusive; use authzConfigRef to reference a shared MCPAuthzConfig';

class MCPServer extends a.GenericKind {}

RegisterKind(MCPServer, {
  group: 'toolhive.stacklok.dev',
  version: 'v1beta1',
  kind: 'MCPServer',
  plural: 'mcpservers',
});

const capability = new Capability({
  name: 'mutual-exclusion',
  description: 'A workload has either authzConfig or authzConfigRef, not both.',
  namespaces: [],
});

capability
  .When(MCPServer)
  .IsCreatedOrUpdated()
  .Validate((request) => {
    const { authzConfig, authzConfigRef } = request.Raw.spec;
    return authzConfig !== undefined && authzConfigRef !== undefined ? request.Deny(MESSAGE) : request.Approve();
  });

const settings = {
  description: 'Measured beside',
  pepr: {
    uuid: 'bench',
    onError: 'reject',
    webhookTimeout: 10,
    customLabels: {},
    alwaysIgnore: { namespaces: [] },
    includedFiles: [],
    env: {},
  },
};

new PeprModule(settings, [capability], { deferStart: true }).start(Number(process.env.PORT));
