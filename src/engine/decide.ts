/** From findings to the answer of one admission request. */
import type { Evaluation, RuleFinding } from './evaluate.ts';
import type { Refusal } from '../rules/contract.ts';

export interface StatusCause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/** The subset of metav1.Status that a refusal carries. */
export interface RefusalStatus {
  readonly code: number;
  readonly reason: Refusal;
  readonly message: string;
  readonly causes: readonly StatusCause[];
}

export type Decision =
  | { readonly verdict: 'allowed'; readonly warnings: readonly string[]; readonly audit: readonly RuleFinding[] }
  | {
      readonly verdict: 'denied';
      readonly status: RefusalStatus;
      readonly warnings: readonly string[];
      readonly audit: readonly RuleFinding[];
    }
  /** Nothing may be said: the request is answered with an HTTP error, so that the failurePolicy decides. */
  | { readonly verdict: 'undecided'; readonly code: 500 | 503; readonly why: string };

const CODES: Readonly<Record<Refusal, number>> = { Invalid: 422, Conflict: 409, Forbidden: 403 };

/** When several kinds of refusal meet, the one that the author of the object can mend comes first. */
const REFUSAL_ORDER: readonly Refusal[] = ['Invalid', 'Conflict', 'Forbidden'];

export function decide({ findings, failures }: Evaluation): Decision {
  const denials = findings.filter((finding) => finding.level === 'deny');
  const audit = findings.filter((finding) => finding.level === 'audit');
  const warnings = renderWarnings(findings.filter((finding) => finding.level === 'warn'));
  if (denials.length > 0) {
    return { verdict: 'denied', status: refusal(denials), warnings, audit };
  }
  if (failures.length > 0) {
    return {
      verdict: 'undecided',
      code: 500,
      why: `internal error in ${failures.map((failure) => `rule "${failure.ruleId}"`).join(', ')}`,
    };
  }
  const unknowns = findings.filter((finding) => finding.level === 'unknown');
  if (unknowns.length > 0) {
    return { verdict: 'undecided', code: 503, why: unknowns.map((finding) => finding.message).join(' ') };
  }
  return { verdict: 'allowed', warnings, audit };
}

function refusal(denials: readonly RuleFinding[]): RefusalStatus {
  const kinds = denials.map((finding) => finding.refusal ?? 'Invalid');
  const reason = REFUSAL_ORDER.find((kind) => kinds.includes(kind)) ?? 'Invalid';
  return {
    code: CODES[reason],
    reason,
    message: refusalMessage(denials),
    causes: denials.flatMap(causesOf),
  };
}

function refusalMessage(denials: readonly RuleFinding[]): string {
  const sentences = denials.map((finding) => withField(finding, withDetail(finding)));
  const [only] = sentences;
  return sentences.length === 1 && only !== undefined
    ? only
    : `${String(sentences.length)} problems:\n${sentences.map((sentence) => `* ${sentence}`).join('\n')}`;
}

function causesOf(finding: RuleFinding): readonly StatusCause[] {
  if (finding.causes !== undefined) {
    return finding.causes;
  }
  return [{ reason: finding.reason, message: `${withDetail(finding)} [${finding.ruleId}]`, field: finding.path }];
}

function withDetail(finding: RuleFinding): string {
  return finding.detail === undefined ? finding.message : `${finding.message}\n${finding.detail}\n`;
}

function withField(finding: RuleFinding, text: string): string {
  return `${finding.path === '' ? '' : `${finding.path}: `}${text} [${finding.ruleId}]`;
}

/**
 * The API server keeps warnings whole as long as they total less than 4096 characters, and cuts each to 256 beyond
 * (k8s.io/apiserver, endpoints/filters/warning.go), so the least that is lost is what we leave out ourselves.
 */
const WARNING_BUDGET = 3800;

function renderWarnings(findings: readonly RuleFinding[]): readonly string[] {
  const texts = [...new Set(findings.map((finding) => withField(finding, finding.message)))];
  const kept: string[] = [];
  let length = 0;
  for (const text of texts) {
    const shown = text.length > WARNING_BUDGET / 4 ? `${text.slice(0, WARNING_BUDGET / 4)}…` : text;
    if (length + shown.length > WARNING_BUDGET) {
      break;
    }
    kept.push(shown);
    length += shown.length;
  }
  return kept.length === texts.length
    ? kept
    : [...kept, `${String(texts.length - kept.length)} more warnings; "mcp-authz check" shows them all.`];
}
