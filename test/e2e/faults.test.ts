/**
 * Faults on a real control plane. Each test prints one line of JSON: what was lost, which must be nothing, and how long
 * it took from the end of the fault until everything was as the specs say. docs/faults.md lists them.
 */
import { apiServerFaults } from './faults/api-server.ts';
import { leaderFaults } from './faults/leader.ts';
import { machineFaults } from './faults/machine.ts';
import { startFaults } from './faults/start.ts';
import { versionFaults } from './faults/versions.ts';
import { closeWorld, join, openWorld, type World } from './faults/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
  await join(world);
  await join(world);
});
afterAll(() => closeWorld(world));

describe('the API server', () => {
  apiServerFaults(() => world);
});
describe('the leader', () => {
  leaderFaults(() => world);
});
describe('another version', () => {
  versionFaults(() => world);
});
describe('the start', () => {
  startFaults(() => world);
});
describe('the machine', () => {
  machineFaults(() => world);
});
