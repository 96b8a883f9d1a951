/** Decisions made with ToolHive's own code (v0.44.0, cedar-go 1.8.0): the same call, the same answer. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCedar } from '../../src/authorizers/cedar.ts';
import { createPolicyCompiler } from '../../src/authorizers/policy-compiler.ts';
import { cedarv1 } from '../../src/authorizers/cedarv1.ts';
import type { Decision } from '../../src/authorizers/decision.ts';
import type { JsonObject } from '../../src/api/json.ts';

interface Vector {
  readonly name?: string;
  readonly config: unknown;
  readonly claims?: JsonObject;
  readonly Feature: string;
  readonly Operation: string;
  readonly ID: string;
  readonly args?: JsonObject | null;
  readonly server?: string;
  readonly annotations?: JsonObject;
  readonly allow: boolean;
  /** ToolHive's own words, in eval-vectors.json. */
  readonly error?: string;
  /** Whether ToolHive gave an error, in decide-vectors.jsonl. */
  readonly erred?: boolean;
}

const OWN = join(import.meta.dirname, '../vectors');
const FOLDER = process.env['MCP_AUTHZ_VECTORS'] ?? OWN;
const compile = createPolicyCompiler(createCedar());

function decide(vector: Vector): Decision | undefined {
  return cedarv1.decide?.(
    vector.config,
    compile,
  )({
    claims: vector.claims ?? {},
    feature: vector.Feature,
    operation: vector.Operation,
    id: vector.ID,
    args: vector.args ?? undefined,
    server: vector.server ?? 'srv',
    annotations: vector.annotations,
  });
}

describe('every case of eval-vectors.json', () => {
  const text = readFileSync(join(FOLDER, 'eval-vectors.json'), 'utf8');
  const vectors = JSON.parse(text) as readonly Vector[]; // the file's own format
  it.each(vectors.map((vector) => [vector.name, vector] as const))('%s', (_name, vector) => {
    const decision = decide(vector);
    expect(decision?.allow).toBe(vector.allow);
    if (vector.error !== undefined) {
      expect(decision?.errors).not.toEqual([]);
    }
  });
});

describe('every case of decide-vectors.jsonl', () => {
  const lines = readFileSync(join(OWN, 'decide-vectors.jsonl'), 'utf8').trimEnd().split('\n');
  const vectors = lines.map((line, index) => [index + 1, JSON.parse(line) as Vector] as const); // its own format
  it.each(vectors)('line %i', (_line, vector) => {
    const decision = decide(vector);
    expect({ allow: decision?.allow, erred: (decision?.errors.length ?? 0) > 0 }).toEqual({
      allow: vector.allow,
      erred: vector.erred,
    });
  });
});
