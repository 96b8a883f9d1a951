/** The plan as changes of texts. */
import { dirname, join } from 'node:path';
import type { Manifest } from '../check/manifest.ts';
import { configObject, configText } from './config-document.ts';
import { referenceEdit } from './holder.ts';
import { linesStyle } from './lines.ts';
import type { Group, Migration } from './plan.ts';
import { additionDiff, applyEdits, unifiedDiff, type Edit } from './unified-diff.ts';

export interface FileChange {
  readonly file: string;
  /** Undefined for a new file. */
  readonly before: string | undefined;
  readonly after: string;
  readonly diff: string;
}

export function changesOf(groups: readonly Group[]): readonly FileChange[] {
  const edits = new Map<string, { readonly text: string; readonly edits: Edit[] }>();
  const additions: FileChange[] = [];
  const edit = ({ file }: Manifest, change: Edit): void => {
    const known = edits.get(file.name) ?? { text: file.text, edits: [] };
    edits.set(file.name, known);
    known.edits.push(change);
  };
  for (const group of groups) {
    const [first] = group.migrations;
    if (first !== undefined && !group.exists) {
      const config = newConfig(group.name, first);
      if (isJson(first.manifest.file.text)) {
        const file = join(dirname(first.manifest.file.name), `${group.name}.json`);
        const after = `${JSON.stringify(configObject(config), undefined, 2)}\n`;
        additions.push({ file, before: undefined, after, diff: additionDiff(file, after) });
      } else {
        edit(first.manifest, insertion(first.manifest, configText(config, first.manifest.file.text, first.holder)));
      }
    }
    for (const { manifest, holder } of group.migrations) {
      edit(manifest, referenceEdit(manifest.file.text, holder, group.name, linesStyle(manifest.file.text)));
    }
  }
  const changed = [...edits].map(([file, { text, edits: all }]): FileChange => ({
    file,
    before: text,
    after: applyEdits(text, all),
    diff: unifiedDiff(file, text, all),
  }));
  return [...changed, ...additions].sort((a, b) => (a.file < b.file ? -1 : 1));
}

function newConfig(name: string, { object, namespace, spec }: Migration): Parameters<typeof configText>[0] {
  return { apiVersion: object.apiVersion, name, namespace, spec };
}

/** JSON knows one value a file. */
function isJson(text: string): boolean {
  return /^\uFEFF?\s*[{[]/.test(text);
}

/** Before the workload's own document, so that what is applied in order has the config first. */
function insertion({ file: { text }, source: { document } }: Manifest, config: string): Edit {
  const { eol } = linesStyle(text);
  const start = document.range?.[0] ?? 0;
  if (/^---(\s|$)/.test(text.slice(start, start + 4))) {
    return { start, end: start, text: `---${eol}${config}` };
  }
  // The comment at the top of a file, with a blank line below it, is about the file.
  const top = /^\uFEFF?((?:[ \t]*#[^\n]*\n)+(?:[ \t]*\r?\n)+)?/.exec(text)?.[0].length ?? 0;
  const at = /(^|\n)\.\.\.\s/.test(text.slice(0, start)) ? start : Math.min(top, start);
  return { start: at, end: at, text: `${config}---${eol}` };
}
