/** Every mutator, in the order in which they are applied. */
import type { Mutator } from '../rules/contract.ts';
import { configAnnotations } from './config-annotations.ts';

export const MUTATORS: readonly Mutator[] = Object.freeze([configAnnotations]);
