/** Files of custom rules in, rules for the engine out, or everything that is wrong with them. Pure. */
import type { Rule } from '../rules/contract.ts';
import { readDocuments, type CustomRuleFile, type RuleDocument } from './documents.ts';
import { compareFaults, type CustomRuleFault } from './fault.ts';
import { readRule } from './read-rule.ts';
import { createCustomRule } from './rule.ts';

export type CompiledCustomRules = { readonly rules: readonly Rule[] } | { readonly faults: readonly CustomRuleFault[] };

/** @param reserved names that no custom rule may have: the ids of the built-in rules. */
export function compileCustomRules(
  files: readonly CustomRuleFile[],
  reserved: readonly string[] = [],
): CompiledCustomRules {
  const faults: CustomRuleFault[] = [];
  const taken = new Map<string, string>(reserved.map((id) => [id, 'is a built-in rule']));
  const documents = files.flatMap((file) => readDocuments(file, faults));
  const rules = documents.flatMap((document) => compile(document, taken));
  return faults.length === 0 ? { rules } : { faults: faults.sort(compareFaults) };
}

function compile(document: RuleDocument, taken: Map<string, string>): readonly Rule[] {
  const rule = readRule(document, (name) => taken.get(name));
  if (rule === undefined) {
    return [];
  }
  taken.set(rule.name, `is there already, in ${document.file}`);
  return createCustomRule(rule);
}
