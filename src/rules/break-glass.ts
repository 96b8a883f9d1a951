/**
 * The way around the protection of a config in use, for the hour in which it does harm: an annotation on the config that
 * says until when and why. Whether the user may is asked of the API server (verb `bypass`); here it is only read.
 */
import { BREAK_GLASS_ANNOTATION } from '../api/names.ts';
import { annotation, type KubernetesObject } from '../api/objects.ts';

export type BreakGlass =
  | { readonly state: 'none' }
  /** What is wrong with it, in one clause. */
  | { readonly state: 'unusable'; readonly why: string }
  | { readonly state: 'open'; readonly until: Date; readonly reason: string };

/** RFC 3339 with seconds, then the reason (https://www.rfc-editor.org/rfc/rfc3339, section 5.6). */
const FORM = /^\s*(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2}))\s+(\S.*?)\s*$/is;
const REASON_LIMIT = 200;

/** As it was at `at`: of a deletion that is when it was asked for. */
export function breakGlass(config: KubernetesObject, at: Date): BreakGlass {
  const text = annotation(config, BREAK_GLASS_ANNOTATION);
  if (text === undefined) {
    return { state: 'none' };
  }
  const [, time = '', reason = ''] = FORM.exec(text) ?? [];
  const until = new Date(time);
  if (Number.isNaN(until.getTime())) {
    return {
      state: 'unusable',
      why: 'it must be an RFC 3339 time and a reason, as in "2026-11-24T18:00:00Z INC-1234"',
    };
  }
  return until.getTime() <= at.getTime()
    ? { state: 'unusable', why: `it expired at ${time}` }
    : { state: 'open', until, reason: reason.replaceAll(/\s+/g, ' ').slice(0, REASON_LIMIT) };
}
