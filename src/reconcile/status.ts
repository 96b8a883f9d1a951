/** What we apply to a status: the fields that are ours to write, and whether that changes anything. */
import { at, jsonEqual, type JsonObject } from '../api/json.ts';
import type { KubernetesObject } from '../api/objects.ts';
import { condition, conditionsOf, type Condition, type Verdict } from './conditions.ts';
import { statusOwners, type StatusOwners } from './ownership.ts';

/** Everything that we may say of an object, of which another manager may have taken parts. */
export interface StatusVocabulary {
  readonly conditions: readonly string[];
  readonly fields: readonly string[];
}

export interface Wanted {
  readonly verdicts: readonly Verdict[];
  /** Fields beside the conditions; undefined is "not there". */
  readonly fields: JsonObject;
}

export interface StatusWrite {
  /**
   * Whole: by server-side apply, what is not in it any more is taken away. `conditions` is always there: a status of
   * which everything is taken away becomes null, and the CRD refuses that.
   */
  readonly status: JsonObject;
  readonly changed: boolean;
  /** A condition of ours is entangled with another manager's: it is taken back. */
  readonly force: boolean;
  /**
   * Where an entangled condition has to go, the list without it, to be written in place of `status`: by server-side apply
   * the other manager's part would stay, a torso that the CRD refuses.
   */
  readonly withoutEntangled?: readonly JsonObject[];
}

/** A status as it is, and who wrote it. */
export interface StatusView {
  readonly object: KubernetesObject;
  readonly owners: StatusOwners;
  readonly conditions: ReadonlyMap<string, JsonObject>;
}

export function statusView(object: KubernetesObject): StatusView {
  return { object, owners: statusOwners(object), conditions: conditionsOf(object) };
}

/**
 * Leaves out what another manager has and what the CRD does not declare (ToolHive's own has no list of references).
 * `changed` compares values, so that a second look at the same object writes nothing.
 */
export function statusWrite(
  { object, owners, conditions }: StatusView,
  { verdicts, fields }: Wanted,
  vocabulary: StatusVocabulary,
  undeclared: ReadonlySet<string>,
  now: Date,
): StatusWrite {
  const generation = object.metadata.generation ?? 0;
  const ours = verdicts
    .filter(({ type }) => !owners.isForeignCondition(type))
    .map((verdict) => condition(verdict, conditions.get(verdict.type), generation, now));
  // Another manager took it over in part: the key is still ours, and leaving it out would take theirs away with it.
  const shared = vocabulary.conditions
    .filter((type) => owners.isForeignCondition(type) && owners.isOurCondition(type))
    .flatMap((type) => conditions.get(type) ?? []);
  const kept = Object.entries(fields).filter(
    ([name, value]) => value !== undefined && !owners.isForeign(name) && !undeclared.has(name),
  );
  const wantedNames = new Set(kept.map(([name]) => name));
  const wantedTypes = new Set(ours.map(({ type }) => type));
  const unwanted = vocabulary.conditions.filter((type) => !wantedTypes.has(type) && conditions.has(type));
  const entangled = unwanted.filter((type) => owners.isEntangled(type));
  const changed =
    ours.some((one) => !isThere(one, conditions.get(one.type))) ||
    kept.some(([name, value]) => !jsonEqual(at(object, 'status', name), value)) ||
    entangled.length > 0 ||
    unwanted.some((type) => onlyOurs(owners, type)) ||
    vocabulary.fields.some((name) => !wantedNames.has(name) && owners.isOurs(name) && !owners.isForeign(name));
  return {
    status: { conditions: [...ours, ...shared], ...Object.fromEntries(kept) },
    changed,
    force: ours.some(({ type }) => owners.isEntangled(type)),
    ...(entangled.length === 0
      ? {}
      : {
          withoutEntangled: [...conditions].filter(([type]) => !entangled.includes(type)).map(([, entry]) => entry),
        }),
  };
}

function onlyOurs(owners: StatusOwners, type: string): boolean {
  return owners.isOurCondition(type) && !owners.isForeignCondition(type);
}

/** Another writer may have put more into the entry than we say (none does today). */
function isThere(wanted: Condition, current: JsonObject | undefined): boolean {
  return Object.entries(wanted).every(([key, value]) => jsonEqual(at(current, key), value));
}
