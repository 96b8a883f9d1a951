/** Files in, a report out: finds the tests and the configs they name, and runs the ones on the others. */
import { dirname, resolve } from 'node:path';
import { stringAt } from '../../api/json.ts';
import { isAuthzConfig } from '../../api/toolhive.ts';
import { isKubernetesObject, type KubernetesObject } from '../../api/objects.ts';
import { createCedar, createDecider, type Decider } from '../../authorizers/index.ts';
import { DECISION_TEST, type ConfigReference, type NamedConfig } from '../../decision-tests/model.ts';
import { readDecisionTest } from '../../decision-tests/read.ts';
import { coverageOf, runDecisionTest } from '../../decision-tests/run.ts';
import { authorizerSpec } from '../authorizer-spec.ts';
import { readDocuments, readFile, type FileDocument, type FileError } from '../documents.ts';
import type { Report, ReportedTest } from './report.ts';

/** @param stored configs of a cluster, for tests whose config is not among the files. */
export function runTests(paths: readonly string[], stored: readonly KubernetesObject[] = []): Report {
  const { documents: inFiles, errors: unreadable } = readDocuments(paths);
  const documents = [...inFiles, ...stored.filter((object) => !isAmong(object, inFiles)).map(inCluster)];
  const errors: FileError[] = [...unreadable];
  const decider = createDecider(createCedar());
  const runs = documents
    .filter(({ value }) => isDecisionTest(value))
    .flatMap((document) => runOne(document, documents, decider, errors));
  if (runs.length === 0 && errors.length === 0) {
    errors.push({ file: paths.join(', '), line: undefined, message: `there is no ${DECISION_TEST.kind} in it` });
  }
  return {
    tests: runs.map(({ test }) => test),
    coverage: coverageOf(runs.map(({ test, config }) => ({ config, cases: test.cases }))),
    errors,
  };
}

function isAmong({ metadata }: KubernetesObject, documents: readonly FileDocument[]): boolean {
  return documents.some(({ value }) => isConfig(value) && stringAt(value, 'metadata', 'name') === metadata.name);
}

function inCluster(value: KubernetesObject): FileDocument {
  return { file: 'cluster', value, lineOf: () => 1 };
}

function isDecisionTest(value: unknown): boolean {
  return stringAt(value, 'kind') === DECISION_TEST.kind && stringAt(value, 'apiVersion') === DECISION_TEST.apiVersion;
}

interface Run {
  readonly test: ReportedTest;
  readonly config: NamedConfig;
}

function runOne(
  document: FileDocument,
  documents: readonly FileDocument[],
  decider: Decider,
  errors: FileError[],
): readonly Run[] {
  const { file, value, lineOf } = document;
  const { test, faults } = readDecisionTest(value);
  if (faults.length > 0) {
    errors.push(...faults.map(({ path, message }) => ({ file, line: lineOf(path), message })));
    return [];
  }
  const at = { file, line: lineOf(['spec', 'config']) };
  const config = findConfig(test.config, test.namespace, file, documents, errors);
  if ('fault' in config) {
    errors.push({ ...at, message: config.fault });
    return [];
  }
  const run = runDecisionTest(config, test.cases, decider);
  if ('undecidable' in run) {
    errors.push({ ...at, message: `${config.name}: ${run.undecidable}` });
    return [];
  }
  const cases = run.cases.map((each) => ({ ...each, line: lineOf(each.path) }));
  return [{ config, test: { name: test.name, file, config: config.name, cases } }];
}

function findConfig(
  reference: ConfigReference,
  ownNamespace: string | undefined,
  file: string,
  documents: readonly FileDocument[],
  errors: FileError[],
): NamedConfig | { readonly fault: string } {
  if ('file' in reference) {
    return configInFile(reference.file, file, errors);
  }
  const namespace = reference.namespace ?? ownNamespace;
  const found = documents.filter(
    ({ value }) =>
      isConfig(value) &&
      stringAt(value, 'metadata', 'name') === reference.name &&
      (namespace === undefined || (stringAt(value, 'metadata', 'namespace') ?? namespace) === namespace),
  );
  const [first] = found;
  if (first === undefined) {
    const where = namespace === undefined ? '' : ` in namespace "${namespace}"`;
    return { fault: `there is no MCPAuthzConfig "${reference.name}"${where} in these files` };
  }
  if (found.length > 1) {
    const places = found.map((each) => `${each.file}:${String(each.lineOf([]))}`).join(', ');
    return {
      fault: `there are ${String(found.length)} MCPAuthzConfigs "${reference.name}" (${places}): give a namespace`,
    };
  }
  return named(first.value, reference.name);
}

/** The only MCPAuthzConfig of the file, or else its only document: the config itself. */
function configInFile(path: string, from: string, errors: FileError[]): NamedConfig | { readonly fault: string } {
  const before = errors.length;
  const documents = readFile(resolve(dirname(from), path), true, errors);
  const configs = documents.filter(({ value }) => isConfig(value));
  const [only] = configs.length > 0 ? configs : documents;
  if (only === undefined || errors.length > before) {
    return { fault: `"${path}" holds no config that can be read` };
  }
  return configs.length > 1 || (configs.length === 0 && documents.length > 1)
    ? { fault: `"${path}" holds several configs: name one` }
    : named(only.value, path);
}

function isConfig(value: unknown): boolean {
  return isKubernetesObject(value) && isAuthzConfig(value);
}

function named(value: unknown, fallback: string): NamedConfig {
  const [namespace, name = fallback] = [stringAt(value, 'metadata', 'namespace'), stringAt(value, 'metadata', 'name')];
  return { name: namespace === undefined ? name : `${namespace}/${name}`, spec: authorizerSpec(value) };
}
