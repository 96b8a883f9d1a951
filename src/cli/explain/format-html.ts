/**
 * One page that needs nothing else: no script, no font, no request. Everything that comes from the config or the callers
 * is escaped, and the page's own policy would keep a script from running if one got in.
 */
import type { Explained, Explanation } from './explain.ts';
import { leftOutText } from './format-text.ts';

export function formatHtml({ name, policies, callers, targets, decisions, leftOut }: Explanation): string {
  const rows = targets.map(({ feature, id }, row) => {
    const cells = callers.map((_caller, column) => cell(decisions[row * callers.length + column]));
    return `<tr><th scope="row"><small>${feature}</small> ${escaped(id)}</th>${cells.join('')}</tr>`;
  });
  const rest = leftOutText(leftOut);
  const denied = decisions.filter(({ allow }) => !allow);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Who may call what: ${escaped(name)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Who may call what: ${escaped(name)}</h1>
<table id="decisions">
<thead><tr><td></td>${callers.map((caller) => `<th scope="col" title="${escaped(JSON.stringify(caller.claims))}">${escaped(caller.name)}</th>`).join('')}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>
${rest === undefined ? '' : `<p>${rest}</p>`}
${denied.length === 0 ? '' : `<h2>Denied</h2>\n<dl id="denied">\n${denied.map(reason).join('\n')}\n</dl>`}
<h2>Policies</h2>
<ol id="policies" start="0">
${policies.map((text, index) => `<li id="policy-${String(index)}"><pre>${escaped(text)}</pre><p>${decidedBy(index, decisions)}</p></li>`).join('\n')}
</ol>
</body>
</html>
`;
}

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.4 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
table { border-collapse: collapse; }
th, td { border: 1px solid #8886; padding: 0.3rem 0.7rem; text-align: center; }
tbody th { text-align: left; font-weight: normal; }
.yes { background: #1a7f3733; }
.no { background: #8883; }
.error { background: #cf222e33; }
dt { font-weight: bold; margin-top: 0.6rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; }
li p { margin: 0 0 0.8rem; opacity: 0.7; }
`;

function cell(decision: Explained | undefined): string {
  if (decision === undefined) {
    return '<td></td>';
  }
  const word = decision.allow ? 'yes' : decision.errors.length > 0 ? 'error' : 'no';
  return `<td class="${word}" title="${escaped(decision.why)}">${word}</td>`;
}

function reason({ caller, feature, id, why, policies }: Explained): string {
  const links = policies.map((index) => `<a href="#policy-${String(index)}">policy ${String(index)}</a>`);
  const see = links.length === 0 ? '' : ` (${links.join(', ')})`;
  return `<dt>${escaped(caller)}, ${feature} ${escaped(id)}</dt><dd>${escaped(why)}${see}</dd>`;
}

function decidedBy(index: number, decisions: readonly Explained[]): string {
  const count = decisions.filter(({ policies }) => policies.includes(index)).length;
  return count === 0 ? 'decides none of these calls' : `decides ${String(count)} of these calls`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** NUL is no character of HTML, and half a surrogate pair none of UTF-8. */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replaceAll('\0', '\ufffd')
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
