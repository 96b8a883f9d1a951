import type { Section } from '../section.ts';
import { apiServer } from './api-server.ts';
import { deletion } from './deletion.ts';
import { edit } from './edit.ts';
import { growth } from './growth.ts';
import { latency } from './latency.ts';
import { memory } from './memory.ts';
import { pauses } from './pauses.ts';
import { start } from './start.ts';
import { throughput } from './throughput.ts';

/** In the order in which they run. */
export const SECTIONS: readonly Section[] = [
  throughput,
  latency,
  pauses,
  growth,
  memory,
  start,
  apiServer,
  deletion,
  edit,
];
