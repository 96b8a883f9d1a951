import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { explainCommand } from '../../src/cli/explain/command.ts';
import { runExplain, type ExplainOptions } from '../../src/cli/explain/run.ts';
import { findBrowser, render } from '../support/browser.ts';

const CONFIG = `apiVersion: toolhive.stacklok.dev/v1beta1
kind: MCPAuthzConfig
metadata: {name: shared}
spec:
  type: cedarv1
  config:
    policies:
      - 'permit(principal, action, resource == Tool::"weather");'
      - 'forbid(principal == Client::"mallory", action, resource);'
      - 'permit(principal in THVGroup::"ops", action, resource) when { principal.claim_email like "*@corp" };'
`;
/** Whatever a page or a terminal could be led astray by. */
const HOSTILE = JSON.stringify({
  policies: [
    'permit(principal == Client::"</title><script>document.title=\'owned\'</script>", action, resource);',
    'permit(principal, action, resource == Tool::"<img src=x onerror=alert(1)>\'\\"&amp;\\u{1b}[31m");',
  ],
});
const ASKED: ExplainOptions = { as: [], tools: [], prompts: [], resources: [], server: 'srv', output: 'text' };

const folder = mkdtempSync(join(tmpdir(), 'explain-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function fileWith(text: string, name = 'config.yaml'): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

function explained(text: string, options: Partial<ExplainOptions> = {}): string {
  const result = runExplain(fileWith(text), { ...ASKED, ...options });
  return 'text' in result ? result.text : result.faults.join('\n').replaceAll(`${folder}/`, '');
}

describe('mcp-authz explain', () => {
  it('asks for whom and what the policies name, and says why not', () => {
    expect(explained(CONFIG)).toBe(`shared

                     mallory  group ops  anybody else
tool any other tool  no       error      no
tool weather         no       error      yes

Denied:
  mallory, tool any other tool: forbidden by policies[1]: forbid(principal == Client::"mallory", action, resource);
  group ops, tool any other tool: denied by an error: while evaluating policy \`policy2\`: \`Client::"a member of ops"\` does not have the attribute \`claim_email\` (policies[2]: permit(principal in THVGroup::"ops", action, resource) when { principal.claim_email like "*@corp" };)
  anybody else, tool any other tool: no policy permits it: policies[0] is about another resource; policies[2] is about another principal
  mallory, tool weather: forbidden by policies[1]: forbid(principal == Client::"mallory", action, resource);
  group ops, tool weather: denied by an error: while evaluating policy \`policy2\`: \`Client::"a member of ops"\` does not have the attribute \`claim_email\` (policies[2]: permit(principal in THVGroup::"ops", action, resource) when { principal.claim_email like "*@corp" };)
`);
  });

  it('asks for the callers and calls that are given', () => {
    const as = [
      '{"sub":"alice","groups":["ops"],"email":"a@corp"}',
      fileWith('sub: bob\n', 'bob.yaml'),
      '{"sub":"bob"}',
      '{}',
    ];
    const text = explained(CONFIG, { as, tools: ['delete_repo'], prompts: ['p'], resources: ['file:///a'] });
    expect(text.split('\n').slice(2, 6)).toEqual([
      '                    alice  bob  bob (2)  caller 4',
      'tool delete_repo    yes    no   no       error',
      'prompt p            yes    no   no       error',
      'resource file:///a  yes    no   no       error',
    ]);
  });

  it('gives the claims to the upstream provider that the config names, and the arguments to each call', () => {
    const config = JSON.stringify({
      policies: ['permit(principal, action, resource in MCP::"w") when { context.arg_n == decimal("1.0") };'],
      primary_upstream_provider: 'github',
    });
    const options = { as: ['{"sub":"a"}'], tools: ['t'], server: 'w', args: '{"n":1}', output: 'json' } as const;
    expect(JSON.parse(explained(config, options))).toMatchObject({
      decisions: [{ caller: 'a', id: 't', allow: true, policies: [0] }],
    });
  });

  it('leaves out what nobody would read, and says so', () => {
    const tools = Array.from(
      { length: 200 },
      (_, index) => `permit(principal, action, resource == Tool::"t${String(index)}");`,
    );
    expect(explained(JSON.stringify({ policies: tools }))).toContain(
      'Left out: 0 callers and 141 calls that the policies name too.',
    );
  });

  it.each<[string, string, Partial<ExplainOptions>, string]>([
    [
      'a config of another backend',
      JSON.stringify({ http: { url: 'http://pdp' } }),
      {},
      'config.yaml: a config of type httpv1 leaves decisions to',
    ],
    [
      'several configs',
      `${CONFIG}---\n${CONFIG}`,
      {},
      'config.yaml: there are 2 configs in it: choose one with --name',
    ],
    ['none of that name', CONFIG, { name: 'other' }, 'config.yaml: there is no MCPAuthzConfig "other" in it'],
    ['an empty file', '', {}, 'config.yaml: there is no config in it'],
    ['no YAML', 'a: "', {}, 'config.yaml:1: '],
    ['claims that are no JSON', CONFIG, { as: ['{sub'] }, '--as {sub: it is not JSON'],
    ['claims that are a list', CONFIG, { as: [join(folder, 'list.json')] }, '--as list.json: claims are a JSON object'],
    ['claims that are not there', CONFIG, { as: ['/nowhere.json'] }, '--as /nowhere.json: ENOENT'],
    ['arguments that are no JSON', CONFIG, { args: '{' }, '--args is not JSON'],
    ['arguments that are a list', CONFIG, { args: '[]' }, '--args is not a JSON object'],
  ])('says what is wrong with %s', (_name, text, options, expected) => {
    fileWith('[]', 'list.json');
    expect(explained(text, options)).toContain(expected);
  });

  it('denies all of a config that keeps the proxy from starting, with the reason', () => {
    expect(explained(JSON.stringify({ policies: ['permit(principal);'] }))).toContain(
      'denied by an error: spec.config.policies[0]: line 1',
    );
  });

  it('does not let a policy steer the terminal', () => {
    expect(explained(HOSTILE)).not.toMatch(/[^\n\P{C}]/u);
  });

  it.each([[['weather', 'other']], [['weather,other']]])('is a command, asked about the tools %j', async (tools) => {
    let text = '';
    const command = explainCommand((part) => (text += part));
    await new Command()
      .addCommand(command)
      .parseAsync(['explain', fileWith(CONFIG), '--as', '{"sub":"x"}', '--tools', ...tools], { from: 'user' });
    expect(text.split('\n').slice(2, 5)).toEqual(['              x', 'tool weather  yes', 'tool other    no']);
  });
});

describe('the page', () => {
  const page = (text: string): string => explained(text, { output: 'html' });

  it('needs nothing else, and lets nothing run', () => {
    const html = page(HOSTILE);
    expect(html).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
    expect(html).not.toMatch(/<(?:script|img|link|iframe)|\s(?:src|on\w+)=(?!x onerror=alert\(1\)&gt;|alert\(1\)&gt;)/);
    expect(html).toContain('&lt;script&gt;document.title=&#39;owned&#39;&lt;/script&gt;');
  });

  const browser = findBrowser();
  if (browser === undefined) {
    it('opens and closes its elements (no browser is here that would show it)', () => {
      const open: string[] = [];
      const tags = page(HOSTILE).matchAll(/<(\/?)([a-z][a-z0-9]*)(?:\s+[a-z-]+(?:="[^"]*")?)*>/g);
      for (const [, closing, name = ''] of tags) {
        if (!['meta'].includes(name)) {
          expect(closing === '/' ? open.pop() : open.push(name) && name).toBe(name);
        }
      }
      expect(open).toEqual([]);
    });
  } else {
    it('shows every decision and reason in a real browser', async () => {
      const { dom, picture } = await render(browser, page(CONFIG));
      expect([...dom.matchAll(/<td class="(\w+)" title="[^"]+">\1<\/td>/g)].map(([, word]) => word)).toEqual([
        'no',
        'error',
        'no',
        'no',
        'error',
        'yes',
      ]);
      expect(dom).toContain('<dt>mallory, tool weather</dt><dd>forbidden by policies[1]');
      expect(dom).toContain('<a href="#policy-1">policy 1</a>');
      expect(picture).toBeGreaterThan(5000);
    }, 120_000);

    it('runs nothing that a policy brings', async () => {
      const { dom } = await render(browser, page(HOSTILE));
      expect(dom).not.toMatch(/<(?:script|img)/);
      expect(dom).not.toContain('<title>owned');
      expect(dom).toContain('&lt;/title&gt;&lt;script&gt;');
    }, 120_000);
  }
});
