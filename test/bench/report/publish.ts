/** Puts the figures of a run into the page that tells of them. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { projectRoot } from '../../../src/cli/playground/root.ts';
import { markdownTable } from './table.ts';
import type { Report } from './write.ts';

const BEGIN = '<!-- figures: written by "npm run bench -- --publish" -->';
const END = '<!-- end of figures -->';

export async function publish(folder: string, { machine, sections }: Report): Promise<void> {
  const docs = join(projectRoot(), 'docs');
  const page = join(docs, 'performance.md');
  const text = readFileSync(page, 'utf8');
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) {
    throw new Error(`${page} has no place for the figures: ${BEGIN} … ${END}`);
  }
  const where = `${String(machine['processor'])}, ${String(machine['cores'])} cores, ${String(machine['system'])}, Node ${String(machine['node'])}`;
  const figures = [
    `Measured on: ${where}.`,
    ...Object.entries(sections).map(
      ([name, { rows, measuredAt }]) => `### \`${name}\`\n\n${minute(measuredAt)}\n\n${markdownTable(rows)}`,
    ),
  ].join('\n\n');
  const filled = `${text.slice(0, begin)}${BEGIN}\n\n${figures}\n\n${text.slice(end)}`;
  const style = await resolveConfig(page);
  writeFileSync(page, await format(filled, { ...style, filepath: page }));
  copyFileSync(join(folder, 'latency.svg'), join(docs, 'performance-latency.svg'));
}

/** Sections may be of different runs, and so of different states of the server. */
function minute(measuredAt: string): string {
  return `Measured ${measuredAt.slice(0, 16).replace('T', ' ')} UTC.`;
}
