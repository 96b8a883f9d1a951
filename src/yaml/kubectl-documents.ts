/** YAML and JSON text (JSON is YAML) as documents that remember where each part stands, read as kubectl reads them. */
import { parseAllDocuments, type Document, type LineCounter, type ScalarTag } from 'yaml';
import { plainScalar, TAGS, taggedScalar } from './plain-scalar.ts';

/** Stands for every type that text without quotes can have. */
const PLAIN: ScalarTag = {
  identify: () => false,
  default: true,
  tag: 'tag:yaml.org,2002:plain',
  test: /^(?:$|[-+.0-9]|[yYnN]$|~$|(?:yes|true|on|no|false|off|null)$)/i,
  resolve: (text, onError) => reported(() => plainScalar(text), text, onError),
};

const TAGGED = TAGS.map((name): ScalarTag => ({
  identify: () => false,
  default: false,
  tag: `tag:yaml.org,2002:${name}`,
  resolve: (text, onError) => reported(() => taggedScalar(name, text), text, onError),
}));

/** A key that is given twice is let through: kubectl takes the last, see node-value.ts. */
export function kubectlDocuments(text: string, lineCounter: LineCounter): readonly Document[] {
  return parseAllDocuments(text, {
    lineCounter,
    version: '1.1',
    uniqueKeys: false,
    resolveKnownTags: false,
    customTags: (tags) => [...tags.filter(isStructure), PLAIN, ...TAGGED],
  });
}

/** Maps, lists, text and merge keys (`<<`) are as the library has them. */
function isStructure(tag: unknown): boolean {
  return typeof tag !== 'string' && /:(?:map|seq|str|merge)$/.test((tag as { readonly tag: string }).tag);
}

function reported(resolve: () => unknown, text: string, onError: (message: string) => void): unknown {
  try {
    return resolve();
  } catch (error) {
    onError(error instanceof Error ? error.message : String(error));
    return text;
  }
}
