/** Every mutator, in the order in which they are applied. */
import type { Mutator } from '../rules/contract.ts';
import { configAnnotations } from './config-annotations.ts';
import { configFinalizer } from './config-finalizer.ts';
import { podInjection } from './pod.ts';

export const MUTATORS: readonly Mutator[] = Object.freeze([configAnnotations, configFinalizer, podInjection]);

/** Where no loop runs anywhere: a finalizer would never be taken away again, and a pod would wait for ever. */
export const MUTATORS_WITHOUT_LOOP: readonly Mutator[] = Object.freeze([configAnnotations]);
