// The table of values in the chart's README, made from values.yaml: the comment above a value that starts with "-- " is its
// description. `--check` writes nothing and fails when the README is out of date.
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { isMap, isScalar, parseDocument } from 'yaml';

const CHART = new URL('../charts/mcp-authz-webhook/', import.meta.url);
const START = '<!-- values: written by "npm run generate" -->';
const END = '<!-- end of values -->';

/** A map that has a description of its own is one value; one without is a heading for what is in it. */
function rows(map, path) {
  return map.items.flatMap((pair, index) => {
    const name = [...path, String(pair.key)].join('.');
    // The library gives the comment above the first entry to the map.
    const comment = pair.key.commentBefore ?? (index === 0 ? map.commentBefore : undefined) ?? '';
    const described = /^ -- /.test(lastParagraph(comment));
    if (isMap(pair.value) && pair.value.items.length > 0 && !described) {
      return rows(pair.value, [...path, String(pair.key)]);
    }
    if (!described) {
      throw new Error(`values.yaml: ${name} has no description ("# -- …" above it)`);
    }
    return [{ name, fallback: fallback(pair.value), description: description(comment) }];
  });
}

function lastParagraph(comment) {
  return comment.split(/\n\s*\n/).at(-1) ?? '';
}

function description(comment) {
  return lastParagraph(comment)
    .replace(/^ -- /, '')
    .split('\n')
    .map((line) => line.trim())
    .join(' ');
}

function fallback(value) {
  const plain = isScalar(value) ? value.value : value.toJSON();
  return `\`${JSON.stringify(plain)}\``;
}

const cell = (text) => text.replaceAll('|', '\\|');

export async function chartReadme() {
  const document = parseDocument(readFileSync(new URL('values.yaml', CHART), 'utf8'));
  const table = rows(document.contents, []).map(
    ({ name, fallback, description }) => `| \`${name}\` | ${cell(fallback)} | ${cell(description)} |`,
  );
  const readme = readFileSync(new URL('README.md', CHART), 'utf8');
  const [before, rest] = readme.split(START);
  const after = rest?.split(END)[1];
  if (after === undefined) {
    throw new Error(`README.md of the chart must hold "${START}" and "${END}"`);
  }
  const text = [
    before,
    START,
    '\n\n| value | default | what it is |\n| --- | --- | --- |\n',
    table.join('\n'),
    '\n\n',
    END,
    after,
  ];
  // Imported here: formatting is for who writes, and the library takes its time.
  const { format, resolveConfig } = await import('prettier');
  const file = new URL('README.md', CHART).pathname;
  return format(text.join(''), { ...(await resolveConfig(file)), filepath: file });
}

export async function writeChartReadme() {
  writeFileSync(new URL('README.md', CHART), await chartReadme());
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  if (process.argv.includes('--check')) {
    const current = readFileSync(new URL('README.md', CHART), 'utf8');
    if (current !== (await chartReadme())) {
      process.stderr.write('charts/mcp-authz-webhook/README.md is out of date: npm run generate\n');
      process.exitCode = 1;
    }
  } else {
    await writeChartReadme();
  }
}
