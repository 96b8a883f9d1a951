/** The checks of the doctor: each a pure function over what was gathered. The order is the order of the report. */
import { at, stringAt } from '../../api/json.ts';
import { GROUP, VERSIONS } from '../../api/toolhive.ts';
import { configurationChecks } from './check-certificates.ts';
import { objectChecks } from './check-objects.ts';
import type { Gathered, ProbeOutcome } from './gathered.ts';
import type { Permission } from './permissions.ts';
import type { Diagnosis } from './report.ts';

export function diagnose(gathered: Gathered): readonly Diagnosis[] {
  return [
    ...crdChecks(gathered),
    ...configurationChecks(gathered),
    ...reachChecks(gathered),
    ...permissionChecks(gathered),
    ...leaderChecks(gathered),
    ...objectChecks(gathered),
    ...gathered.unknown.map(({ what, why }): Diagnosis => ({
      check: 'access',
      level: 'warning',
      message: `${what} could not be looked at: ${why}`,
      remedy: 'run the doctor as somebody who may read it',
    })),
  ];
}

const EXCLUSION = 'mutually exclusive';
const KINDS: readonly (readonly [plural: string, exclusive: boolean])[] = [
  ['mcpauthzconfigs', false],
  ['mcpservers', true],
  ['mcpremoteproxies', true],
  ['virtualmcpservers', true],
];

function crdChecks({ crds, unknown }: Gathered): readonly Diagnosis[] {
  if (unknown.some(({ what }) => what === 'the CRDs')) {
    return [];
  }
  return KINDS.map(([plural, exclusive]): Diagnosis => {
    const name = `${plural}.${GROUP}`;
    const crd = crds.find(({ metadata }) => metadata.name === name);
    const check = `crd ${plural}`;
    if (crd === undefined) {
      const remedy = "install ToolHive's CRDs; the server becomes ready once they are served";
      return { check, level: 'problem', message: `${name} is not installed`, remedy };
    }
    const versions = at(crd, 'spec', 'versions');
    const entries: readonly unknown[] = Array.isArray(versions) ? versions : [];
    const served = entries
      .filter((entry) => at(entry, 'served') === true)
      .map((entry) => stringAt(entry, 'name') ?? '');
    if (!VERSIONS.some((version) => served.includes(version))) {
      const remedy = `install a ToolHive that serves ${VERSIONS.join(' or ')}`;
      return { check, level: 'problem', message: `none of its versions (${served.join(', ')}) is known`, remedy };
    }
    if (exclusive && !JSON.stringify(at(crd, 'spec')).includes(EXCLUSION)) {
      return {
        check,
        level: 'warning',
        message: 'it has no CEL rule that keeps authzConfig and authzConfigRef apart; only the webhook refuses both',
        remedy: "upgrade ToolHive's CRDs",
      };
    }
    return { check, level: 'ok', message: `serves ${served.join(', ')}` };
  });
}

function reachChecks({ probes }: Gathered): readonly Diagnosis[] {
  if (probes === undefined) {
    return [];
  }
  const check = 'webhook';
  const unreachable = [probes.good, probes.bad].find(({ kind }) => kind === 'failed');
  if (unreachable?.kind === 'failed') {
    const remedy = 'see the message; the usual ones and what to do are in docs/doctor.md';
    return [{ check, level: 'problem', message: unreachable.message, remedy }];
  }
  if (probes.bad.kind === 'admitted') {
    const remedy = 'see whether the server runs and its namespaceSelector holds this namespace (--probe-namespace)';
    return [{ check, level: 'problem', message: 'a config that no proxy can load was let through', remedy }];
  }
  return [refusedByUs(probes.bad), passed(probes.good)];
}

function refusedByUs(bad: ProbeOutcome): Diagnosis {
  const check = 'webhook';
  return bad.kind === 'refused' && bad.message.includes('[authz-config]')
    ? { check, level: 'ok', message: 'refuses what must be refused' }
    : {
        check,
        level: 'warning',
        message: `what must be refused was refused by somebody else: ${bad.kind === 'refused' ? bad.message : ''}`,
        remedy: 'ask in a namespace where nothing else refuses it (--probe-namespace)',
      };
}

function passed(good: ProbeOutcome): Diagnosis {
  const check = 'webhook';
  return good.kind === 'admitted'
    ? { check, level: 'ok', message: 'lets through what must pass' }
    : {
        check,
        level: 'warning',
        message: `what must pass was refused: ${good.kind === 'refused' ? good.message : ''}`,
        remedy: 'a rule of your own or another webhook refuses it; ask elsewhere (--probe-namespace)',
      };
}

function permissionChecks({ permissions, account, secret }: Gathered): readonly Diagnosis[] {
  // Without a Secret of our own the certificate comes from files, and nothing is written for it.
  const needed = permissions.filter((permission) => secret !== undefined || !isForCertificates(permission));
  const missing = needed.filter(({ allowed }) => !allowed);
  if (needed.length > 0 && missing.length === 0) {
    return [{ check: 'permissions', level: 'ok', message: `${account} has all ${String(needed.length)}` }];
  }
  return missing.map(({ verb, group, resource, subresource, name, own, why }) => {
    const what = [group === '' ? resource : `${resource}.${group}`, subresource].filter(Boolean).join('/');
    return {
      check: 'permissions',
      level: 'problem',
      message: `${account} may not ${verb} ${what}${name === undefined ? '' : ` ${name}`}: ${why}`,
      remedy: `grant it: kubectl apply -f webhooks/rbac.yaml${own === true ? ' (the Role)' : ' (the ClusterRole)'}`,
    };
  });
}

function isForCertificates({ resource, group }: Permission): boolean {
  return resource === 'secrets' || group === 'admissionregistration.k8s.io';
}

/** A lease is renewed every few seconds. */
const LEASE_STALE_MS = 60_000;

function leaderChecks({ lease, now }: Gathered): readonly Diagnosis[] {
  const check = 'leader';
  const renewed = Date.parse(stringAt(lease, 'spec', 'renewTime') ?? '');
  const holder = stringAt(lease, 'spec', 'holderIdentity') ?? '';
  if (lease === undefined || holder === '' || !(now.getTime() - renewed < LEASE_STALE_MS)) {
    return [
      {
        ...{
          check,
          level: 'warning',
          message: 'no replica leads: conditions, finalizers and certificates stay as they are',
        },
        remedy: 'see the log of the server for "lease"; with --loop off this is as it should be',
      },
    ];
  }
  return [{ check, level: 'ok', message: `${holder} leads` }];
}
