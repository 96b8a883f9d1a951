/** Rules that only files can be asked: what the API server drops or refuses before it asks a webhook. */
import { TOOLHIVE_SCHEMAS } from '../schema/toolhive.ts';
import type { StructuralSchema } from '../schema/structural-schema.ts';
import type { Rule } from './contract.ts';
import { createCrdRule } from './crd-rules.ts';
import { misplacedField } from './misplaced-field.ts';
import { createUnknownFieldRule } from './unknown-field.ts';

/** @param schemas by kind, of the CRDs that are at hand; for other kinds what is known of ToolHive's own is used. */
export function createOfflineRules(schemas: ReadonlyMap<string, StructuralSchema> = new Map()): readonly Rule[] {
  const known = new Map([...TOOLHIVE_SCHEMAS, ...schemas]);
  return Object.freeze([misplacedField, createUnknownFieldRule(known), createCrdRule(known)]);
}
