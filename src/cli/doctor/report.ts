/** What the doctor says: one line a check, with what to do where something is. */

export type Level = 'ok' | 'warning' | 'problem';

export interface Diagnosis {
  readonly check: string;
  readonly level: Level;
  readonly message: string;
  /** What to do; never with `ok`. */
  readonly remedy?: string;
}

/** Nothing to do; something to look at; something is broken. */
export const EXIT: Readonly<Record<Level, number>> = { ok: 0, warning: 1, problem: 2 };

export function worst(diagnoses: readonly Diagnosis[]): Level {
  const has = (level: Level): boolean => diagnoses.some((each) => each.level === level);
  return has('problem') ? 'problem' : has('warning') ? 'warning' : 'ok';
}

export type Paint = Readonly<Record<Level, (text: string) => string>>;

const WIDTH = 'problem'.length;

export function textReport(diagnoses: readonly Diagnosis[], paint: Paint): string {
  const lines = diagnoses.map(({ check, level, message, remedy }) => {
    const line = `${paint[level](level.padEnd(WIDTH))}  ${check}: ${message}`;
    return remedy === undefined ? line : `${line}\n${' '.repeat(WIDTH + 2)}-> ${remedy}`;
  });
  return `${[...lines, '', summary(diagnoses)].join('\n')}\n`;
}

export function jsonReport(diagnoses: readonly Diagnosis[]): string {
  return `${JSON.stringify({ level: worst(diagnoses), checks: diagnoses }, undefined, 2)}\n`;
}

function summary(diagnoses: readonly Diagnosis[]): string {
  const count = (level: Level): string => String(diagnoses.filter((each) => each.level === level).length);
  return `${count('ok')} ok, ${count('warning')} warnings, ${count('problem')} problems`;
}
