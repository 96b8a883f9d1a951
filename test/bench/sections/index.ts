import type { Section } from '../section.ts';
import { latency } from './latency.ts';
import { throughput } from './throughput.ts';

/** In the order in which they run. */
export const SECTIONS: readonly Section[] = [throughput, latency];
