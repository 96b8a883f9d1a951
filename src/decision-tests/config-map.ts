import { at } from '../api/json.ts';
import { DECISION_TESTS_ACTION } from '../api/names.ts';
import { annotation, type KubernetesObject } from '../api/objects.ts';
import type { TestMap } from './outcome.ts';

/** What of a ConfigMap is about decision tests. */
export function testMapOf(object: KubernetesObject): TestMap {
  return {
    name: object.metadata.name ?? '',
    data: at(object, 'data'),
    action: annotation(object, DECISION_TESTS_ACTION),
  };
}
