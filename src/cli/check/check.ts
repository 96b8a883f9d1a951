/** Asks the rules about files: the third way to ask them, beside the webhook and the loop. */
import type { Analysis, AuthorizerSpec } from '../../authorizers/analysis.ts';
import { jsonEqual } from '../../api/json.ts';
import type { KubernetesObject } from '../../api/objects.ts';
import { compareFindings, planOf, type RuleFinding } from '../../engine/evaluate.ts';
import type { Rule, RuleInput, UserInfo } from '../../rules/contract.ts';
import { answersOf, type FilesWorld } from './files-world.ts';
import type { Manifest, Position } from './manifest.ts';
import type { CheckedObject, Report, ReportedFinding, ReportedObject } from './report.ts';
import type { EnvelopeConfig, Subject } from './subject.ts';
import type { Unreadable } from './source.ts';

export interface CheckOptions {
  readonly subjects: readonly Subject[];
  /** The same manifests as they are stored now; absent where everything is new. */
  readonly stored?: readonly Subject[];
  readonly rules: readonly Rule[];
  readonly closedWorld: boolean;
  readonly user?: UserInfo;
  readonly now: Date;
  readonly analyze: (spec: AuthorizerSpec) => Promise<Analysis>;
  readonly tests: FilesWorld['tests'];
  /** Called before each object, with how many there are. */
  readonly progress?: (done: number, total: number) => void;
}

type ObjectSubject = Extract<Subject, { is: 'object' }>;

/** Never rejects for what the files hold. */
export async function check(options: CheckOptions): Promise<Report> {
  const { subjects, stored = [], progress } = options;
  const changes = changesOf(subjects.filter(isObject), stored.filter(isObject));
  const files = subjects.filter((subject) => subject.is === 'authorizer file');
  const world = worldOf(options);
  const total = changes.length + files.length;
  const findings: ReportedFinding[] = [];
  for (const [index, change] of changes.entries()) {
    progress?.(index, total);
    findings.push(...(await changeFindings(change, world, options)));
  }
  for (const [index, { manifest, config }] of files.entries()) {
    progress?.(changes.length + index, total);
    findings.push(...fileFindings(manifest, config, await options.analyze(config)));
  }
  return {
    findings: sorted(findings),
    checked: [
      ...changes.map(({ subject: { manifest, object } }) => checkedObject(manifest, identityOf(object))),
      ...files.map(({ manifest }) => checkedObject(manifest, fileIdentity(manifest))),
    ],
    unreadable: subjects.flatMap(unreadableOf),
  };
}

function isObject(subject: Subject): subject is ObjectSubject {
  return subject.is === 'object';
}

interface Change {
  readonly subject: ObjectSubject;
  readonly operation: RuleInput['operation'];
  readonly before?: KubernetesObject;
}

function changesOf(now: readonly ObjectSubject[], stored: readonly ObjectSubject[]): readonly Change[] {
  const keyOf = ({ object: { kind, metadata } }: ObjectSubject): string =>
    `${kind}/${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
  const before = new Map(stored.map((subject) => [keyOf(subject), subject]));
  const after = new Set(now.map(keyOf));
  return [
    ...now.map((subject): Change => {
      const old = before.get(keyOf(subject))?.object;
      return old === undefined ? { subject, operation: 'CREATE' } : { subject, operation: 'UPDATE', before: old };
    }),
    ...stored
      .filter((subject) => !after.has(keyOf(subject)))
      .map((subject): Change => ({ subject, operation: 'DELETE', before: subject.object })),
  ];
}

function worldOf({ subjects, closedWorld, analyze, tests }: CheckOptions): FilesWorld {
  return {
    objects: subjects.filter(isObject).map(({ object }) => object),
    namespaces: subjects.filter((subject) => subject.is === 'namespace').map(({ object }) => object),
    closed: closedWorld,
    analyze,
    tests,
  };
}

function inputOf({ subject: { object }, operation, before }: Change, { user, now }: CheckOptions): RuleInput {
  const base = {
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name ?? '',
    now,
    ...(user === undefined ? {} : { user }),
  };
  if (before === undefined || operation === 'CREATE') {
    return { ...base, operation: 'CREATE', object };
  }
  return operation === 'DELETE'
    ? { ...base, operation, oldObject: before }
    : { ...base, operation, object, oldObject: before };
}

async function changeFindings(
  change: Change,
  world: FilesWorld,
  options: CheckOptions,
): Promise<readonly ReportedFinding[]> {
  const { manifest, object } = change.subject;
  if (change.before !== undefined && change.operation === 'UPDATE' && jsonEqual(change.before, object)) {
    return [];
  }
  const input = inputOf(change, options);
  const plan = planOf(options.rules, input);
  const { findings, failures } = plan.evaluate(await answersOf(plan.queries, world));
  const broken = failures.map(({ ruleId, error }): RuleFinding => ({
    ruleId,
    level: 'deny',
    path: '',
    reason: 'RuleFailed',
    message: `The rule could not be asked: ${error.message}.`,
  }));
  return [...findings, ...broken]
    .sort(compareFindings)
    .flatMap((finding) => reported(finding, manifest, identityOf(object)))
    .concat(repeatedKeys(manifest, identityOf(object)));
}

/** Nobody but the reader of a file knows of these: what kubectl sends has each key once. */
function repeatedKeys(manifest: Manifest, object: ReportedObject): readonly ReportedFinding[] {
  return manifest.repeated.map(({ key, line, column }) => ({
    file: manifest.file.name,
    line,
    column,
    object,
    rule: 'unknown-field',
    level: 'warn',
    path: '',
    reason: 'RepeatedKey',
    message: `The key "${key}" is given twice in one map: the last counts, what stands under the other is lost.`,
    source: lineOf(manifest, { line, column }),
  }));
}

/** What cannot be told offline is a warning; what is for the audit log only is not shown. */
function reported(finding: RuleFinding, manifest: Manifest, object: ReportedObject): readonly ReportedFinding[] {
  if (finding.level === 'audit') {
    return [];
  }
  const position = manifest.locate(finding.path);
  return [
    {
      file: manifest.file.name,
      ...position,
      object,
      rule: finding.ruleId,
      level: finding.level === 'deny' ? 'deny' : 'warn',
      path: finding.path,
      reason: finding.reason,
      message: finding.detail === undefined ? finding.message : `${finding.message}\n${finding.detail}`,
      source: lineOf(manifest, position),
    },
  ];
}

/** The file has the config under its own key instead of `spec.config`. */
function fileFindings(
  manifest: Manifest,
  { configKey }: EnvelopeConfig,
  analysis: Analysis,
): readonly ReportedFinding[] {
  const here = (path: string): string => path.replace(/^spec\.config/, configKey).replace(/^spec\./, '');
  const findings = [
    ...analysis.problems.map((problem) => ({ ...problem, level: 'deny' as const, ruleId: 'authz-config' })),
    ...analysis.advice.map((problem) => ({ ...problem, level: 'warn' as const, ruleId: 'cedar-lint' })),
  ];
  return findings
    .map((finding): RuleFinding => ({ ...finding, path: here(finding.path) }))
    .sort(compareFindings)
    .flatMap((finding) => reported(finding, manifest, fileIdentity(manifest)))
    .concat(repeatedKeys(manifest, fileIdentity(manifest)));
}

function identityOf({ apiVersion, kind, metadata }: KubernetesObject): ReportedObject {
  return {
    apiVersion,
    kind,
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? metadata.generateName ?? '',
  };
}

function fileIdentity({ file }: Manifest): ReportedObject {
  return { apiVersion: '', kind: 'AuthorizerFile', namespace: '', name: file.name };
}

function checkedObject({ file, locate }: Manifest, object: ReportedObject): CheckedObject {
  return { file: file.name, line: locate('').line, object };
}

function unreadableOf(subject: Subject): readonly Unreadable[] {
  if (subject.is !== 'broken') {
    return [];
  }
  const { manifest, message } = subject;
  return [{ file: manifest.file.name, line: manifest.locate('').line, message }];
}

function lineOf({ file }: Manifest, { line }: Position): string {
  return (file.text.split('\n')[line - 1] ?? '').replace(/\r$/, '');
}

/** The order of the engine within one place is kept: sorting is stable. */
function sorted(findings: readonly ReportedFinding[]): readonly ReportedFinding[] {
  return [...findings].sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line));
}
