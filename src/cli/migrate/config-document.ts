/**
 * The text of a new MCPAuthzConfig. Where the authorization is written in block style, its lines are taken over as they
 * are, only moved to their new depth: comments, block texts and quotes stay what somebody chose.
 */
import { Lexer, stringify } from 'yaml';
import { jsonEqual } from '../../api/json.ts';
import { AUTHZ_CONFIG } from '../../api/toolhive.ts';
import type { AuthorizerSpec } from '../../authorizers/analysis.ts';
import { readManifests } from '../check/manifest.ts';
import type { Holder } from './holder.ts';
import { keptLines } from './kept-lines.ts';
import { linesStyle } from './lines.ts';

export interface NewConfig {
  readonly apiVersion: string;
  readonly name: string;
  /** As the workload writes it; undefined where it writes none. */
  readonly namespace: string | undefined;
  readonly spec: AuthorizerSpec;
}

export function configObject({ apiVersion, name, namespace, spec }: NewConfig): Record<string, unknown> {
  const metadata = namespace === undefined ? { name } : { name, namespace };
  return { apiVersion, kind: AUTHZ_CONFIG.kind, metadata, spec: { type: spec.type, config: spec.config } };
}

/** Ends with a line break. `holder` is where the workload says it, in `text`. */
export function configText(config: NewConfig, text: string, holder: Holder): string {
  const { eol } = linesStyle(text);
  const { spec, ...head } = configObject(config);
  const top = yaml(head);
  const kept = keptLines(text, holder);
  const verbatim = kept === undefined ? undefined : normalized([top, ...kept].join(''), eol);
  if (verbatim !== undefined && says(verbatim, config)) {
    return verbatim;
  }
  const comments = commentsIn(text.slice(holder.start, holder.end)).map((comment) => `  ${comment}\n`);
  const body = yaml({ spec }).replace(/^spec:\n/, `spec:\n${comments.join('')}`);
  return normalized(`${top}${body}`, eol);
}

/** YAML 1.1 is what kubectl reads: `yes` has to be quoted. */
function yaml(value: unknown): string {
  return stringify(value, { version: '1.1', lineWidth: 0 });
}

function normalized(text: string, eol: string): string {
  return text.replace(/\r?\n/g, eol).replace(/(?<!\n)$/, eol);
}

function says(text: string, config: NewConfig): boolean {
  const { manifests, unreadable } = readManifests({ name: '', text, named: true });
  return unreadable.length === 0 && manifests.length === 1 && jsonEqual(manifests[0]?.value, configObject(config));
}

function commentsIn(text: string): readonly string[] {
  return [...new Lexer().lex(text)].filter((token) => token.startsWith('#')).map((token) => token.trimEnd());
}
