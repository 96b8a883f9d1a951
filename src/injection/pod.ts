/**
 * A proxy's pod gets the config that its workload refers to (docs/rules/pod-injection.md): the hash, a projection of the
 * config, and, where the operator's runtime config does not carry it, the copy that does. Pods and not Deployments,
 * because the operator takes every change of its Deployments back; and only at CREATE, because a pod's volumes are fixed.
 */
import { isJsonObject, withProperty } from '../api/json.ts';
import { ANNOTATIONS, runtimeCopyName, UNRESOLVED } from '../api/names.ts';
import { annotation, type KubernetesObject } from '../api/objects.ts';
import { PROXY_POD_LABELS, workloadOfPod, type ProxyType } from '../api/toolhive.ts';
import type { Finding, Mutation, Mutator, Query, WorldView, WriteInput } from '../rules/contract.ts';
import { dataOf, planInjection, type InjectionPlan } from './plan.ts';
import { containerNamed, withProjection, withRuntimeCopy } from './pod-volumes.ts';

interface Subject {
  readonly type: ProxyType;
  readonly name: string;
  readonly namespace: string;
}

export const podInjection: Mutator = {
  id: 'pod-injection',
  title: "A proxy's pod runs with the config that its workload refers to, or waits.",
  match: { group: '', resources: ['pods'], operations: ['CREATE'], labels: PROXY_POD_LABELS },
  queries: (input) => {
    const subject = subjectOf(input);
    return subject === undefined ? [] : Object.values(questions(subject));
  },
  mutate: (input, world) => {
    const subject = subjectOf(input);
    if (subject === undefined || containerNamed(input.object, subject.type.container) === undefined) {
      return { object: input.object, findings: [] }; // carries the labels, but no proxy
    }
    const known = planFor(subject, world);
    return 'unknown' in known
      ? { object: input.object, findings: [finding('unknown', '', 'AuthorizationUnknown', known.unknown)] }
      : inject(input.object, subject, known.plan);
  },
};

function subjectOf({ object, namespace }: WriteInput): Subject | undefined {
  const workload = workloadOfPod(object);
  return workload === undefined ? undefined : { ...workload, namespace };
}

function questions({ type, name, namespace }: Subject): {
  readonly workload: Extract<Query, { ask: 'workload' }>;
  readonly operator: Extract<Query, { ask: 'configMap' }>;
  readonly copy: Extract<Query, { ask: 'configMap' }>;
} {
  return {
    workload: { ask: 'workload', kind: type.kind, namespace, name },
    operator: { ask: 'configMap', namespace, name: `${name}${type.suffix}` },
    copy: { ask: 'configMap', namespace, name: runtimeCopyName(name) },
  };
}

/** Unknown where a pod would start with something else than what is decided here. */
function planFor(subject: Subject, world: WorldView): { readonly plan: InjectionPlan } | { readonly unknown: string } {
  const { type, name, namespace } = subject;
  const asked = questions(subject);
  const workload = world.workload(type.kind, namespace, name);
  if (workload.state === 'unknown') {
    return { unknown: `${type.kind} "${name}" could not be looked up: ${workload.why}.` };
  }
  if (workload.state === 'absent') {
    return { plan: { state: 'none' } };
  }
  const { object, config } = workload.value;
  const operator = world.configMap(namespace, asked.operator.name);
  const copy = world.configMap(namespace, asked.copy.name);
  if (config.state === 'unknown' || operator.state === 'unknown' || copy.state === 'unknown') {
    const why = [config, operator, copy].map((answer) => (answer.state === 'unknown' ? answer.why : undefined));
    return { unknown: `What ${type.kind} "${name}" is to enforce is not known: ${why.find(Boolean) ?? ''}.` };
  }
  const text = operator.state === 'present' ? dataOf(operator.value, type.key) : undefined;
  const plan = planInjection({ type, workload: object, config, operator: text });
  // A proxy reads its config once, at its start: it must not find an older copy than the hash on its pod says.
  const mounted = copy.state === 'present' ? dataOf(copy.value, type.key) : undefined;
  const right = plan.state === 'resolved' && (plan.carried || plan.copy === mounted);
  return plan.state === 'none' || mounted === undefined || right
    ? { plan }
    : { unknown: `ConfigMap "${asked.copy.name}" is of an earlier config and is about to be changed; try again.` };
}

function inject(pod: KubernetesObject, { type, name }: Subject, plan: InjectionPlan): Mutation {
  if (plan.state === 'none') {
    return { object: pod, findings: [] };
  }
  const annotated = withHash(pod, plan.state === 'resolved' ? plan.hash : UNRESOLVED);
  const projected = withProjection(annotated.object, type, name);
  const findings = [...annotated.findings, ...projected.findings];
  if (plan.state === 'resolved' && plan.carried) {
    return { object: projected.object, findings };
  }
  const swapped = withRuntimeCopy(projected.object, type, name);
  const why = plan.state === 'waiting' ? [finding('warn', '', 'PodWaits', `This pod waits: ${plan.why}`)] : [];
  return { object: swapped.object, findings: [...findings, ...swapped.findings, ...why] };
}

/** Ours alone: the rollout trusts it, so a value from the pod template is replaced. */
function withHash(pod: KubernetesObject, hash: string): Mutation {
  const given = annotation(pod, ANNOTATIONS.configHash);
  if (given === hash) {
    return { object: pod, findings: [] };
  }
  const annotations = withProperty(pod.metadata.annotations ?? {}, ANNOTATIONS.configHash, hash);
  const metadata = withProperty(isJsonObject(pod.metadata) ? pod.metadata : {}, 'annotations', annotations);
  const path = `metadata.annotations[${ANNOTATIONS.configHash}]`;
  const message = 'This annotation is written by the admission webhook; the value that was given is replaced.';
  return {
    object: { ...pod, metadata },
    findings: given === undefined ? [] : [finding('warn', path, 'AnnotationReplaced', message)],
  };
}

function finding(level: Finding['level'], path: string, reason: string, message: string): Finding {
  return { level, path, reason, message };
}
