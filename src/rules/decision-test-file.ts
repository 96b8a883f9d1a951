/** Decision tests in a ConfigMap can be read: a test that is silently none would protect nothing. */
import { DECISION_TESTS_LABEL } from '../api/names.ts';
import { CONFIG_MAPS, label, type KubernetesObject } from '../api/objects.ts';
import { testMapOf } from '../decision-tests/config-map.ts';
import type { Finding, Query, WriteRule } from './contract.ts';

export const decisionTestFile: WriteRule = {
  id: 'decision-test-file',
  title: 'A ConfigMap that is labelled as decision tests holds decision tests.',
  on: 'write',
  match: { group: '', resources: [CONFIG_MAPS], operations: ['CREATE', 'UPDATE'] },
  queries: ({ object }): readonly Query[] => {
    const config = configOf(object);
    return config === '' ? [] : [{ ask: 'decisionTestFaults', map: testMapOf(object), config }];
  },
  check: ({ object }, world) => {
    const config = label(object, DECISION_TESTS_LABEL);
    if (config === undefined) {
      return []; // the label was taken away
    }
    if (config === '') {
      return [invalid('metadata.labels', `the label ${DECISION_TESTS_LABEL} has to name an MCPAuthzConfig`)];
    }
    const faults = world.decisionTestFaults(testMapOf(object), config);
    switch (faults.state) {
      case 'present':
        return faults.value.map(({ path, message }) => invalid(path, message));
      case 'absent':
        return [];
      case 'unknown':
        return [
          {
            level: 'unknown',
            path: 'data',
            reason: 'DecisionTestsUnknown',
            message: `Whether these decision tests can be read could not be found out: ${faults.why}.`,
          },
        ];
    }
  },
};

function configOf(object: KubernetesObject): string {
  return label(object, DECISION_TESTS_LABEL) ?? '';
}

function invalid(path: string, message: string): Finding {
  return {
    level: 'deny',
    path,
    reason: 'DecisionTestInvalid',
    message: `These decision tests cannot be read: ${message}.`,
  };
}
