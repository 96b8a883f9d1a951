/** Latency against load as SVG: both axes logarithmic, readable on light and on dark pages. */
import { at, isJsonObject } from '../../../src/api/json.ts';
import type { SectionResult } from '../section.ts';
import { keptUp, type Climb } from '../sections/latency.ts';
import { shortest } from './table.ts';

const WIDTH = 980;
const HEIGHT = 460;
const PLOT = { left: 64, right: 620, top: 56, bottom: 400 };

/** A colour for light pages, one for dark ones, and a dash: the lines are told apart without colours too. */
const LINES = [
  { light: '#0969da', dark: '#58a6ff', dash: '' },
  { light: '#bc4c00', dark: '#ff9a57', dash: '7 4' },
  { light: '#57606a', dark: '#9ea7b3', dash: '2 4' },
  { light: '#8250df', dark: '#c297ff', dash: '10 3 2 3' },
  { light: '#0b7c8c', dark: '#4fd1e0', dash: '4 2' },
  { light: '#9a6700', dark: '#d4a72c', dash: '1 3' },
] as const;

/** Milliseconds; what is beyond is cut off at the edge. */
const HIGHEST = 1000;
const LOWEST = 0.1;

/** Undefined where the section that measures it was never run. */
export function latencyChart(sections: Readonly<Record<string, SectionResult>>): string | undefined {
  const ladder = at(sections['latency']?.figures, 'ladder');
  return isJsonObject(ladder) ? drawn(Object.values(ladder) as readonly Climb[]) : undefined; // as latency.ts made it
}

function drawn(climbs: readonly Climb[]): string {
  const loads = climbs.flatMap(({ steps }) => steps.map(({ perSecond }) => perSecond));
  const x = scale(Math.min(...loads), Math.max(...loads), PLOT.left, PLOT.right);
  const y = scale(LOWEST, HIGHEST, PLOT.bottom, PLOT.top);
  const ladder = [...new Set(loads)].sort((left, right) => left - right);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${String(WIDTH)} ${String(HEIGHT)}" role="img" aria-labelledby="title about">`,
    '<title id="title">Latency against load</title>',
    `<desc id="about">${escaped(description(climbs))}</desc>`,
    style(climbs.length),
    `<rect class="page" width="${String(WIDTH)}" height="${String(HEIGHT)}" rx="8"/>`,
    `<text class="heading" x="${String(PLOT.left)}" y="28">99th percentile of latency against load, reviews of 2 KB</text>`,
    ...[0.1, 1, 10, 100, 1000].map((ms) => gridLine(y(ms), `${String(ms)} ms`)),
    ...ladder.map((load) => tick(x(load), load >= 1000 ? `${String(load / 1000)}k` : String(load))),
    `<text x="${String((PLOT.left + PLOT.right) / 2)}" y="${String(PLOT.bottom + 42)}" text-anchor="middle">requests per second, one core</text>`,
    ...climbs.map(({ steps }, index) =>
      line(
        index,
        steps.map(({ perSecond, p99 }) => [x(perSecond), y(p99)]),
      ),
    ),
    ...climbs.map(({ title, steps }, index) => legend(index, title, steps.findLast(keptUp)?.perSecond)),
    '</svg>',
    '',
  ].join('\n');
}

type Scale = (value: number) => number;

function scale(from: number, to: number, start: number, end: number): Scale {
  const span = Math.log(to / from) || 1;
  return (value) => {
    const part = Math.log(Math.min(Math.max(value, from), to) / from) / span;
    return Math.round((start + part * (end - start)) * 10) / 10;
  };
}

function style(lines: number): string {
  const colours = (page: 'light' | 'dark'): string =>
    LINES.slice(0, lines)
      .map(
        (each, index) =>
          `.line${String(index)} { stroke: ${each[page]}; } .dot${String(index)} { fill: ${each[page]}; }`,
      )
      .join(' ');
  return [
    '<style>',
    'text { font: 13px system-ui, sans-serif; fill: #1f2328; } .heading { font-weight: 600; font-size: 15px; }',
    '.page { fill: #ffffff; stroke: #d1d9e0; } .grid { stroke: #d1d9e0; } polyline, .key { fill: none; stroke-width: 2.5; }',
    colours('light'),
    '@media (prefers-color-scheme: dark) {',
    'text { fill: #e6edf3; } .page { fill: #0d1117; stroke: #3d444d; } .grid { stroke: #3d444d; }',
    colours('dark'),
    '}',
    '</style>',
  ].join('\n');
}

function gridLine(y: number, label: string): string {
  return (
    `<line class="grid" x1="${String(PLOT.left)}" x2="${String(PLOT.right)}" y1="${String(y)}" y2="${String(y)}"/>` +
    `<text x="${String(PLOT.left - 8)}" y="${String(y + 4)}" text-anchor="end">${label}</text>`
  );
}

function tick(x: number, label: string): string {
  return `<text x="${String(x)}" y="${String(PLOT.bottom + 20)}" text-anchor="middle">${label}</text>`;
}

function line(index: number, points: readonly (readonly [number, number])[]): string {
  const path = points.map(([x, y]) => `${String(x)},${String(y)}`).join(' ');
  const dots = points.map(
    ([x, y]) => `<circle class="dot${String(index)}" cx="${String(x)}" cy="${String(y)}" r="3.5"/>`,
  );
  return `<polyline class="line${String(index)}"${dashed(index)} points="${path}"/>${dots.join('')}`;
}

function legend(index: number, title: string, last: number | undefined): string {
  const y = PLOT.top + 10 + index * 44;
  const x = PLOT.right + 28;
  const reach = last === undefined ? 'answered too late' : `up to ${last.toLocaleString('en')} a second`;
  return (
    `<line class="key line${String(index)}"${dashed(index)} x1="${String(x)}" x2="${String(x + 28)}" y1="${String(y)}" y2="${String(y)}"/>` +
    `<text x="${String(x + 36)}" y="${String(y + 4)}">${escaped(title)}</text>` +
    `<text x="${String(x + 36)}" y="${String(y + 21)}" opacity="0.75">${reach}</text>`
  );
}

function dashed(index: number): string {
  const dash = LINES[index]?.dash ?? '';
  return dash === '' ? '' : ` stroke-dasharray="${dash}"`;
}

/** For whoever cannot see it. */
function description(climbs: readonly Climb[]): string {
  return climbs
    .map(({ title, steps }) => {
      const values = steps.map(({ perSecond, p99 }) => `${shortest(p99)} ms at ${String(perSecond)}`);
      return `${title}: ${values.join(', ')}`;
    })
    .join('; ');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
