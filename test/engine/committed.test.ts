/** The files of webhooks/ are what people read and install; what is made from the match data is exactly that. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { backstop, BACKSTOP_NAME } from '../../src/engine/backstop.ts';
import { webhookConfigurations } from '../../src/engine/registration.ts';
import { MUTATORS } from '../../src/injection/index.ts';
import { DEFAULT_POLICY } from '../../src/rules/contract.ts';
import { createRules } from '../../src/rules/index.ts';

function committed(name: string): readonly unknown[] {
  const text = readFileSync(join(import.meta.dirname, '../../webhooks', name), 'utf8');
  return parseAllDocuments(text).map((document) => document.toJS() as unknown);
}

it('the webhook configurations', () => {
  const service = { namespace: 'mcp-authz-system', name: 'mcp-authz-webhook' };
  const registered = { rules: createRules(DEFAULT_POLICY), mutators: MUTATORS, target: { service }, account: service };
  const made = webhookConfigurations(registered);
  expect(made).toEqual([...committed('mutating.yaml'), ...committed('validating.yaml')]);
});

it('the backstop', () => {
  expect(backstop()).toEqual(committed('backstop.yaml'));
  expect(BACKSTOP_NAME).toBe('configs-in-use.authz.toolhive.stacklok.dev');
});
