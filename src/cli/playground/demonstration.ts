/** The main job, shown with real kubectl commands: what is applied, what is asked, and what must come back. */

export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type Kubectl = (args: readonly string[], input?: string) => Promise<KubectlResult>;

export interface Step {
  readonly title: string;
  readonly args: readonly string[];
  /** Given to kubectl on standard input, and shown. */
  readonly manifest?: string;
  readonly succeeds: boolean;
  /** Must occur in what kubectl prints. */
  readonly shows: readonly string[];
}

const CONFIG = `apiVersion: toolhive.stacklok.dev/v1beta1
kind: MCPAuthzConfig
metadata:
  name: shared
spec:
  type: cedarv1
  config:
    policies:
      - permit(principal, action == Action::"call_tool", resource == Tool::"weather");
`;

const BROKEN_CONFIG = `apiVersion: toolhive.stacklok.dev/v1beta1
kind: MCPAuthzConfig
metadata:
  name: broken
spec:
  type: cedarv1
  config:
    policies:
      - permit(principal, action, resource); forbid(principal, action, resource == Tool::"delete_repo");
      - permit(principal, action = Action::"call_tool", resource);
`;

function server(name: string, authorization: string): string {
  return `apiVersion: toolhive.stacklok.dev/v1beta1
kind: MCPServer
metadata:
  name: ${name}
spec:
  image: example.com/mcp/${name}:1
  oidcConfigRef: { name: corporate, audience: tools }
${authorization}`;
}

const BOTH = server(
  'confused',
  `  authzConfig: { type: inline, inline: { policies: ['permit(principal, action, resource);'] } }
  authzConfigRef: { name: shared }
`,
);
const REFERRING = server('weather', '  authzConfigRef: { name: shared }\n');
const ORPHAN = server('orphan', '  authzConfigRef: { name: shard }\n');

const APPLY = ['apply', '-f', '-'];
const ANNOTATIONS = 'authz.toolhive.stacklok.dev';

export const STEPS: readonly Step[] = [
  {
    title: 'A config whose policies would not load, or not all of them: rejected, every problem at once',
    args: APPLY,
    manifest: BROKEN_CONFIG,
    succeeds: false,
    shows: ['spec.config.policies[0]', 'spec.config.policies[1]'],
  },
  {
    title: 'A config that is right: accepted',
    args: APPLY,
    manifest: CONFIG,
    succeeds: true,
    shows: ['mcpauthzconfig.toolhive.stacklok.dev/shared created'],
  },
  {
    title: 'A workload with both authzConfig and authzConfigRef: rejected',
    args: APPLY,
    manifest: BOTH,
    succeeds: false,
    shows: ['authzConfig and authzConfigRef are mutually exclusive'],
  },
  {
    title: 'A workload with a reference: accepted, and mutated',
    args: APPLY,
    manifest: REFERRING,
    succeeds: true,
    shows: ['mcpserver.toolhive.stacklok.dev/weather created'],
  },
  {
    title: 'Its new annotations',
    args: ['get', 'mcpserver', 'weather', '-o', 'jsonpath={.metadata.annotations}'],
    succeeds: true,
    shows: [
      `"${ANNOTATIONS}/config-hash":`,
      `"${ANNOTATIONS}/config-ref":"shared@`,
      `"${ANNOTATIONS}/resolved-config":`,
    ],
  },
  {
    title: 'A reference to a config that does not exist: accepted, with a warning',
    args: APPLY,
    manifest: ORPHAN,
    succeeds: true,
    shows: ['Warning: spec.authzConfigRef: MCPAuthzConfig "shard" does not exist', 'orphan created'],
  },
  {
    title: 'Deleting a config that a workload refers to: refused',
    args: ['delete', 'mcpauthzconfig', 'shared'],
    succeeds: false,
    shows: ['(Conflict)', 'MCPServer "weather"'],
  },
  {
    title: 'The workload goes',
    args: ['delete', 'mcpserver', 'weather'],
    succeeds: true,
    shows: ['deleted'],
  },
  {
    title: 'The same deletion, now that nothing refers to it: accepted',
    args: ['delete', 'mcpauthzconfig', 'shared'],
    succeeds: true,
    shows: ['deleted'],
  },
  {
    title: 'Nothing is left behind',
    args: ['delete', 'mcpserver', 'orphan'],
    succeeds: true,
    shows: ['deleted'],
  },
];

export interface DemonstrationDeps {
  readonly kubectl: Kubectl;
  readonly write: (text: string) => void;
  readonly paint: Paint;
}

/** Colours, or the identity where the output is no terminal. */
export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
}

/** Runs every step and prints command and output; false if any answer was not the expected one. */
export async function demonstrate({ kubectl, write, paint }: DemonstrationDeps): Promise<boolean> {
  let expected = true;
  for (const [index, step] of STEPS.entries()) {
    write(`\n${paint.bold(`${String(index + 1)}. ${step.title}`)}\n`);
    write(`$ kubectl ${step.args.map(quoted).join(' ')}${step.manifest === undefined ? '' : ' <<EOF'}\n`);
    if (step.manifest !== undefined) {
      write(`${paint.dim(`${step.manifest}EOF`)}\n`);
    }
    const result = await kubectl(step.args, step.manifest);
    const output = `${result.stdout}${result.stderr}`;
    write(output.endsWith('\n') ? output : `${output}\n`);
    const fault = mismatch(step, result, output);
    write(fault === undefined ? `${paint.good('as expected')}\n` : `${paint.bad(`NOT AS EXPECTED: ${fault}`)}\n`);
    expected &&= fault === undefined;
  }
  return expected;
}

export function mismatch(step: Step, result: KubectlResult, output: string): string | undefined {
  if ((result.code === 0) !== step.succeeds) {
    return `kubectl ended with ${String(result.code)}`;
  }
  const missing = step.shows.filter((text) => !output.includes(text));
  return missing.length === 0
    ? undefined
    : `the output lacks ${missing.map((text) => JSON.stringify(text)).join(', ')}`;
}

function quoted(argument: string): string {
  return /^[\w./=@:-]+$/.test(argument) ? argument : `'${argument}'`;
}
