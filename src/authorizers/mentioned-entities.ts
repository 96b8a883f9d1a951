/** Whom and what the policies of a Cedar config name: the callers and calls that are worth asking about. */
import { at, isJsonObject, stringAt } from '../api/json.ts';
import type { Cedar } from './cedar.ts';
import { CEDAR_OPTIONS, stringOf, stringsOf } from './cedar-options.ts';
import { DEFAULT_GROUP_TYPE } from './cedar-schema.ts';
import { goDecode } from './go-json.ts';
import { evaluable, preparePolicy } from './policy.ts';

/** Identifiers, sorted. */
export interface MentionedEntities {
  readonly clients: readonly string[];
  readonly groups: readonly string[];
  readonly tools: readonly string[];
  readonly prompts: readonly string[];
  readonly resources: readonly string[];
}

export function mentionedEntities(config: unknown, cedar: Cedar): MentionedEntities {
  const decoded = goDecode(config, CEDAR_OPTIONS, 'cedar');
  const found = new Map<string, Set<string>>();
  for (const source of stringsOf(decoded, 'policies')) {
    const prepared = evaluable(preparePolicy(source, ''), cedar);
    if ('text' in prepared) {
      const tree = cedar.toJson(prepared.text);
      // Annotations may have any names, a type and an id among them.
      collect(
        PARTS.map((part) => at(tree, part)),
        found,
      );
    }
  }
  const ids = (type: string): readonly string[] => [...(found.get(type) ?? [])].sort();
  return {
    clients: ids('Client'),
    groups: ids(stringOf(decoded, 'group_entity_type') || DEFAULT_GROUP_TYPE),
    tools: ids('Tool'),
    prompts: ids('Prompt'),
    resources: ids('Resource'),
  };
}

const PARTS = ['principal', 'action', 'resource', 'conditions'];

/** An entity is an object of a type and an id wherever it stands in a policy's tree. */
function collect(tree: unknown, found: Map<string, Set<string>>): void {
  const todo: unknown[] = [tree];
  while (todo.length > 0) {
    const node = todo.pop();
    const [type, id] = [stringAt(node, 'type'), stringAt(node, 'id')];
    if (type !== undefined && id !== undefined) {
      found.set(type, (found.get(type) ?? new Set()).add(id));
    } else if (isJsonObject(node) || Array.isArray(node)) {
      todo.push(...(Object.values(node) as unknown[]));
    }
  }
}
