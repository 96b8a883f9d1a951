import type { Analysis } from '../../src/authorizers/analysis.ts';
import { analyze } from '../../src/authorizers/analyze.ts';
import { createCedar } from '../../src/authorizers/cedar.ts';
import { FINALIZER, IN_USE_LABEL } from '../../src/api/names.ts';
import type { KubernetesObject } from '../../src/api/objects.ts';
import { authorizerSpecOf } from '../../src/api/toolhive.ts';
import { decideConfig, type ConfigDecision, type ConfigFacts } from '../../src/reconcile/config-status.ts';
import { afterApply, OPERATOR, writtenBy } from '../support/managed.ts';
import { config, NOW, VALID } from '../support/objects.ts';

const LATER = new Date('2026-11-24T01:00:00Z');
const INVALID: Analysis = {
  type: 'cedarv1',
  problems: [
    { path: 'spec.config.policies', reason: 'NoPolicies', message: 'at least one policy is required' },
    { path: 'spec.config.policies[2]', reason: 'PolicySyntax', message: 'unexpected token' },
  ],
  advice: [],
  rendering: { toolhiveHash: 'bad1', runtimeJson: '{}', hash: 'bad1' },
};
const USERS = [
  { kind: 'MCPServer', name: 'a' },
  { kind: 'VirtualMCPServer', name: 'a' },
];
const DELETED = { deletionTimestamp: '2026-11-24T00:00:00Z', finalizers: [FINALIZER] };

function a(metadata: Record<string, unknown> = {}): KubernetesObject {
  return config({}, { generation: 3, finalizers: [FINALIZER], ...metadata });
}

function decide(object: KubernetesObject, facts: Partial<ConfigFacts> = {}): ConfigDecision {
  return decideConfig({
    config: object,
    analysis: VALID,
    referrers: [],
    releasable: false,
    namespaceTerminating: false,
    undeclared: new Set(),
    now: NOW,
    ...facts,
  });
}

/** What is there after `facts` were acted on. */
function settled(object: KubernetesObject, facts: Partial<ConfigFacts> = {}): KubernetesObject {
  return afterApply(object, decide(object, facts).status);
}

function conditionsOf({ status }: ConfigDecision): readonly unknown[] {
  return (status['conditions'] ?? []) as readonly unknown[];
}

const valid = {
  type: 'Valid',
  status: 'True',
  reason: 'ConfigValid',
  message: 'Spec validation passed',
  observedGeneration: 3,
  lastTransitionTime: '2026-11-24T00:00:00Z',
};
const invalid = {
  ...valid,
  status: 'False',
  reason: 'ConfigInvalid',
  message: 'at least one policy is required; spec.config.policies[2]: unexpected token',
};

describe('a valid config', () => {
  it('S7: has condition, hash, generation and references in one write', () => {
    expect(decide(a(), { referrers: USERS })).toEqual({
      status: {
        conditions: [valid],
        configHash: 'ca88b29d',
        observedGeneration: 3,
        referencingWorkloads: USERS,
        referenceCount: 2,
      },
      changed: true,
      force: false,
      finalizer: 'keep',
      inUse: 'set',
      notes: [],
    });
  });

  it('is written once: the second look finds nothing to do', () => {
    const object = settled(a({ labels: { [IN_USE_LABEL]: 'true' } }), { referrers: USERS });
    expect(decide(object, { referrers: USERS, now: LATER })).toMatchObject({
      changed: false,
      finalizer: 'keep',
      inUse: 'keep',
      notes: [],
    });
  });

  it('gets our finalizer beside that of ToolHive, and keeps it', () => {
    const theirs = 'mcpauthzconfig.toolhive.stacklok.dev/finalizer';
    expect(decide(a({ finalizers: [theirs] })).finalizer).toBe('add');
    expect(decide(a({ finalizers: [theirs, FINALIZER] })).finalizer).toBe('keep');
  });

  it('S6: tells an MCPServer and a VirtualMCPServer of one name apart', () => {
    expect(decide(a(), { referrers: USERS }).status['referencingWorkloads']).toEqual(USERS);
  });

  it('S11: has a hash that white space and the order of keys do not move', () => {
    const cedar = createCedar();
    const hashes = [{ policies: ['permit(principal, action, resource);'], entities_json: '[]' }].flatMap((first) => {
      const second = { entities_json: first.entities_json, policies: first.policies };
      return [first, second].map((each) => analyze({ type: 'cedarv1', config: each }, cedar));
    });
    const written = hashes.map((analysis) => decide(a(), { analysis }).status['configHash']);
    expect(written).toEqual(['ca88b29d', 'ca88b29d']);
  });

  it('loses its label and its list when the last reference goes', () => {
    const object = settled(a({ labels: { [IN_USE_LABEL]: 'true' } }), { referrers: USERS });
    const decision = decide(object);
    expect([decision.inUse, decision.changed, decision.status]).toMatchObject(['remove', true, { referenceCount: 0 }]);
    expect(decision.status).not.toHaveProperty('referencingWorkloads');
  });

  it('has only what its CRD declares', () => {
    const undeclared = new Set(['referencingWorkloads', 'referenceCount']);
    const { status } = decide(a(), { referrers: USERS, undeclared });
    expect(Object.keys(status)).toEqual(['conditions', 'configHash', 'observedGeneration']);
  });
});

describe('an invalid config', () => {
  it('U12: has a hash and a generation that are not older than its condition', () => {
    const { status } = decide(settled(a()), { analysis: INVALID });
    expect(status).toMatchObject({
      conditions: [{ ...invalid, observedGeneration: 3 }],
      configHash: 'bad1',
      observedGeneration: 3,
    });
  });

  it('S12: without any config has a message, and no hash', () => {
    const analysis = analyze(authorizerSpecOf(config({ config: undefined })), createCedar());
    const { status } = decide(a(), { analysis });
    expect(status).not.toHaveProperty('configHash');
    expect(status).toMatchObject({ conditions: [{ status: 'False', message: 'config must not be empty' }] });
  });

  it('U6: of an unknown type has the same message every time', () => {
    const messages = Array.from({ length: 5 }, () => {
      const analysis = analyze({ type: 'opa', config: {} }, createCedar());
      return conditionsOf(decide(a(), { analysis }));
    });
    expect(messages[0]).toMatchObject([
      { message: 'type "opa" is not a registered authorizer backend (registered: [cedarv1 httpv1])' },
    ]);
    expect(new Set(messages.map((each) => JSON.stringify(each))).size).toBe(1);
  });
});

describe('events', () => {
  const failed = {
    type: 'Warning',
    reason: 'ConfigInvalid',
    action: 'Validate',
    note:
      'spec validation failed: at least one policy is required; ' +
      "spec.config.policies[2]: PolicySyntax (the config's condition says more)",
  };
  it.each([
    ['the first verdict is bad', a(), INVALID, [failed]],
    ['the first verdict is good', a(), VALID, []],
    ['it turned bad', settled(a()), INVALID, [failed]],
    ['it is still bad', settled(a(), { analysis: INVALID }), INVALID, []],
    [
      'it turned good',
      settled(a(), { analysis: INVALID }),
      VALID,
      [{ type: 'Normal', reason: 'ConfigValid', action: 'Validate', note: 'spec validation passed' }],
    ],
  ])('where %s', (_title, object, analysis, notes) => {
    expect(decide(object, { analysis }).notes).toEqual(notes);
  });

  it('the transition time moves with the status alone', () => {
    const bad = settled(a(), { analysis: INVALID });
    expect(conditionsOf(decide(bad, { now: LATER }))).toEqual([
      { ...valid, lastTransitionTime: '2026-11-24T01:00:00Z' },
    ]);
    expect(conditionsOf(decide(bad, { analysis: INVALID, now: LATER }))).toEqual([invalid]);
  });
});

describe('a config that is being deleted', () => {
  it('and is referred to is blocked, with a sorted message, and says so once', () => {
    const decision = decide(a(DELETED), { referrers: USERS, releasable: true });
    expect(decision.finalizer).toBe('keep');
    expect(conditionsOf(decision)).toEqual([
      valid,
      {
        ...valid,
        type: 'DeletionBlocked',
        reason: 'ReferencedByWorkloads',
        message: 'Cannot delete: referenced by workloads: [{MCPServer a} {VirtualMCPServer a}]',
      },
    ]);
    expect(decision.notes).toEqual([
      {
        type: 'Warning',
        reason: 'DeletionBlocked',
        action: 'Delete',
        note: 'deletion blocked while still referenced by workloads: [{MCPServer a} {VirtualMCPServer a}]',
      },
    ]);
    expect(decide(settled(a(DELETED), { referrers: USERS }), { referrers: USERS }).notes).toEqual([]);
  });

  it('U14: is released, and unblocked, in the very pass that finds no reference any more', () => {
    const blocked = settled(a(DELETED), { referrers: USERS });
    const decision = decide(blocked, { releasable: true });
    expect([decision.finalizer, conditionsOf(decision)]).toEqual(['remove', [valid]]);
  });

  it('U5: is not released within the admission grace, when a reference may be on its way', () => {
    expect(decide(a(DELETED), { releasable: false }).finalizer).toBe('keep');
  });

  it('is released at once, and not called blocked, where its namespace goes away with everything in it', () => {
    const decision = decide(a(DELETED), { referrers: USERS, namespaceTerminating: true });
    expect([decision.finalizer, conditionsOf(decision), decision.notes]).toEqual(['remove', [valid], []]);
  });

  it('gets no finalizer, which the API server would refuse', () => {
    expect(decide(a({ ...DELETED, finalizers: ['other'] }), { releasable: true }).finalizer).toBe('keep');
  });
});

describe('beside another writer', () => {
  const theirs = {
    conditions: [{ ...valid, message: 'said by the operator' }],
    configHash: 'old',
    observedGeneration: 2,
  };

  it('S13: what others wrote is not in what we apply, and our verdict is in PolicyVerified', () => {
    const object = writtenBy(OPERATOR, a(), theirs);
    expect(decide(object, { analysis: INVALID })).toMatchObject({
      status: { conditions: [{ ...invalid, type: 'PolicyVerified' }], referenceCount: 0 },
      changed: true,
      notes: [{ reason: 'ConfigInvalid' }],
    });
    expect(Object.keys(decide(object).status)).toEqual(['conditions', 'referenceCount']);
  });

  it('what both say is told by the other alone', () => {
    const object = writtenBy(OPERATOR, a(), { conditions: [{ ...invalid }] });
    expect(decide(object, { analysis: INVALID }).notes).toEqual([]);
  });

  it('a condition that the other took from us is left to it, and given back as it is, for its key is still ours', () => {
    const ours = settled(a(), { analysis: INVALID });
    const object = writtenBy(OPERATOR, ours, { conditions: [{ type: 'Valid', status: 'True' }] });
    expect(conditionsOf(decide(object, { analysis: INVALID }))).toMatchObject([
      { type: 'PolicyVerified' },
      { type: 'Valid', status: 'True' },
    ]);
  });

  it('a condition of ours that the other rewrote from an older copy of the list is taken back', () => {
    const before = settled(writtenBy(OPERATOR, a(), theirs));
    const rewritten = writtenBy(OPERATOR, before, { conditions: [{ type: 'PolicyVerified', observedGeneration: 2 }] });
    expect(decide(rewritten, { analysis: INVALID })).toMatchObject({
      status: { conditions: [{ type: 'PolicyVerified', status: 'False', observedGeneration: 3 }] },
      changed: true,
      force: true,
    });
  });

  it('after both have settled nothing is written any more', () => {
    const object = settled(writtenBy(OPERATOR, a(), theirs), { analysis: INVALID });
    expect(decide(object, { analysis: INVALID, now: LATER })).toMatchObject({ changed: false, notes: [] });
  });

  it('a list without keys belongs as a whole to whoever wrote it', () => {
    const object = writtenBy(OPERATOR, a(), theirs);
    const atomic = JSON.parse(
      JSON.stringify(object).replace(/"f:conditions":\{.*?\}\}\}/, '"f:conditions":{}'),
    ) as KubernetesObject;
    expect(conditionsOf(decide(atomic))).toEqual([]);
  });
});
