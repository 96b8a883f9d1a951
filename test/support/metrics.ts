/** Values out of Prometheus' text format. */

/** The sum over all series of `name` that have these label values. */
export function metricSum(text: string, name: string, labels: Readonly<Record<string, string | RegExp>> = {}): number {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => Object.entries(labels).every(([label, wanted]) => fits(labelOf(line, label), wanted)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

function labelOf(line: string, label: string): string {
  return new RegExp(`[{,]${label}="([^"]*)"`).exec(line)?.[1] ?? '';
}

function fits(value: string, wanted: string | RegExp): boolean {
  return typeof wanted === 'string' ? value === wanted : wanted.test(value);
}

/** Of a server's own metrics, on its health port. */
export async function scrape(healthPort: number): Promise<string> {
  return (await fetch(`http://127.0.0.1:${String(healthPort)}/metrics`)).text();
}
