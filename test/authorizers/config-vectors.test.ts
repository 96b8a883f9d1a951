/** Cases made with ToolHive's own code: what its controller and its proxy say of a config, and its hash. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { analyze } from '../../src/authorizers/analyze.ts';
import { canonicalJson } from '../../src/authorizers/canonical-json.ts';
import { createCedar } from '../../src/authorizers/cedar.ts';
import { parseJson } from '../../src/api/json-text.ts';
import { sha256 } from '../../src/authorizers/config-hash.ts';

interface Vector {
  readonly name: string;
  readonly type: string;
  readonly rawConfig: string;
  readonly canonical?: string;
  readonly configHash?: string;
  readonly fullRuntimeJSON?: unknown;
  readonly controllerError?: string | null;
  readonly runtimeStartError?: string | null;
}

const FOLDER = process.env['MCP_AUTHZ_VECTORS'] ?? join(import.meta.dirname, '../vectors');
const FILE = join(FOLDER, 'config-vectors.json');
const VECTORS = JSON.parse(readFileSync(FILE, 'utf8')) as readonly Vector[]; // the file's own format
const cedar = createCedar();

describe.each(VECTORS.map((vector) => [vector.name, vector] as const))('%s', (_name, vector) => {
  const config = vector.rawConfig === '' ? undefined : parseJson(vector.rawConfig);
  const analysis = analyze({ type: vector.type, config }, cedar);
  const refused = Boolean(vector.controllerError) || Boolean(vector.runtimeStartError);

  it(refused ? 'is refused, as ToolHive or its proxy would' : 'is admitted', () => {
    expect(analysis.problems.length > 0 ? analysis.problems : 'admitted').toEqual(
      refused ? expect.any(Array) : 'admitted',
    );
  });

  it('is told in the words of the controller, where it is the controller that objects', () => {
    const words = vector.controllerError ?? '';
    expect(analysis.problems.map(({ message }) => message).join('\n')).toContain(words);
  });

  it('renders as ToolHive renders it', () => {
    if (vector.rawConfig === '') {
      expect(analysis.rendering).toBeUndefined();
      return;
    }
    expect(canonicalJson(config)).toBe(vector.canonical);
    expect(analysis.rendering?.toolhiveHash).toBe(vector.configHash);
    const runtime = analysis.rendering?.runtimeJson ?? '';
    expect(analysis.rendering?.hash).toBe(sha256(runtime));
    if (vector.fullRuntimeJSON !== undefined && vector.fullRuntimeJSON !== null) {
      expect(JSON.parse(runtime)).toEqual(vector.fullRuntimeJSON);
    }
  });
});
