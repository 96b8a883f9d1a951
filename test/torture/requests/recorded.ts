/**
 * AdmissionReviews to start from: those that an API server sent (test/torture/recorded, made by record.ts), and one for
 * each fixture of a rule, with the cluster around it, each in a namespace of its own so that all can be there at once.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { at, type JsonObject } from '../../../src/api/json.ts';
import { isKubernetesObject, type KubernetesObject } from '../../../src/api/objects.ts';
import { resourceOfKind } from '../../../src/api/toolhive.ts';
import { fixtures, type Fixture } from '../../support/fixtures.ts';

export interface Recording {
  readonly reviews: readonly JsonObject[];
  readonly cluster: readonly KubernetesObject[];
}

const FOLDER = join(import.meta.dirname, '../recorded');

export function recording(): Recording {
  const made = fixtures().map((fixture, index) => moved(fixture, `ns-${String(index)}`));
  const reviews = sent();
  return {
    reviews: [...reviews, ...made.map((fixture) => review(fixture))],
    cluster: [...reviews.flatMap(created), ...made.flatMap(({ cluster }) => cluster)],
  };
}

/** What was made when the API server was recorded is there. */
function created(review: JsonObject): readonly KubernetesObject[] {
  const object = at(review, 'request', 'object');
  return at(review, 'request', 'operation') === 'CREATE' && isKubernetesObject(object) ? [object] : [];
}

function sent(): readonly JsonObject[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as JsonObject);
}

function moved({ input, cluster }: Fixture, namespace: string): Fixture & { readonly namespace: string } {
  const text = JSON.stringify({ input, cluster })
    .replaceAll('"namespace":"ns"', `"namespace":"${namespace}"`)
    .replaceAll('"name":"ns"', `"name":"${namespace}"`);
  return { ...(JSON.parse(text) as Fixture), namespace };
}

function review({ input, namespace }: Fixture & { readonly namespace: string }): JsonObject {
  const { object, oldObject, operation, user } = input;
  const subject = object ?? oldObject;
  const [group = '', version = ''] = subject.apiVersion.split('/');
  const resource = resourceOfKind(subject.kind) ?? `${subject.kind.toLowerCase()}s`;
  return {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
      kind: { group, version, kind: subject.kind },
      resource: { group, version, resource },
      requestKind: { group, version, kind: subject.kind },
      requestResource: { group, version, resource },
      name: input.name,
      namespace,
      operation,
      userInfo: { username: user?.username ?? '', groups: [...(user?.groups ?? []), 'system:authenticated'] },
      object: object ?? null,
      oldObject: oldObject ?? null,
      dryRun: false,
      options: {
        kind: `${operation.slice(0, 1)}${operation.slice(1).toLowerCase()}Options`,
        apiVersion: 'meta.k8s.io/v1',
      },
    },
  };
}
