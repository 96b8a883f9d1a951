/** What the rules about workloads have in common: their match data and how they name things. */
import { WORKLOADS } from '../api/toolhive.ts';
import type { Match } from './contract.ts';

export const WORKLOAD_WRITE: Match = {
  resources: WORKLOADS.map((type) => type.resource),
  operations: ['CREATE', 'UPDATE'],
};

export const CONFIG_WRITE: Match = { resources: ['mcpauthzconfigs'], operations: ['CREATE', 'UPDATE'] };
