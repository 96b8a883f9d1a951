/** What a part of the benchmark is given and what it gives back. */
import type { JsonObject } from '../../src/api/json.ts';
import type { Amounts } from './amounts.ts';
import type { Certificates } from './certificates.ts';
import type { LoadGenerator } from './load/generator.ts';
import type { Row } from './report/row.ts';

export interface SectionContext {
  /** For files that need not stay. */
  readonly folder: string;
  readonly certificates: Certificates;
  readonly load: LoadGenerator;
  readonly amounts: Amounts;
  readonly say: (text: string) => void;
}

export interface SectionResult {
  readonly rows: readonly Row[];
  /** Everything that was measured, for the JSON file and the chart. */
  readonly figures: JsonObject;
}

export interface Section {
  readonly name: string;
  /** For `--help`. */
  readonly title: string;
  run(context: SectionContext): Promise<SectionResult>;
}
