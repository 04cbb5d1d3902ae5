/** A pause that is slow to close, and what is changed while it does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closeAdmission } from '../../shared/jobs/close-admission.ts';
import { changeAgent } from '../../shared/store/agent-store.ts';
import { listInstances } from '../../shared/store/instance-store.ts';
import { deployed, type FleetWorld, fleetWorld, OPERATOR, work } from '../fixtures/fleet-world.ts';

const by = { actor: OPERATOR, why: 'because' };
const pause = (world: FleetWorld) => changeAgent(world, 'shop', { status: 'paused', pauseReason: 'operator' }, by);
const statuses = async ({ memory }: FleetWorld) => (await listInstances(memory, 'shop')).map(({ status }) => status);

test('instances that a pause closes after the resume and its reconciler are opened again', async () => {
  const world = fleetWorld();
  await deployed(world, { instances: 2 });
  const paused = await pause(world);
  await changeAgent(world, 'shop', { status: 'active' }, by);
  await work(world);
  await closeAdmission(world, paused);
  assert.deepEqual(await work(world), ['reconcile']);
  assert.deepEqual(await statuses(world), ['active', 'active']);
});

test('a pause closes all the same when something else was changed meanwhile', async () => {
  const world = fleetWorld();
  await deployed(world, { instances: 2 });
  const paused = await pause(world);
  await changeAgent(world, 'shop', { schedule: { expression: 'rate(2 hours)', timezone: 'UTC' } }, by);
  await closeAdmission(world, paused);
  assert.deepEqual(await statuses(world), ['paused', 'paused']);
  await work(world);
  assert.deepEqual(await statuses(world), ['paused', 'paused']);
});

test('a pause that nobody crossed asks for nothing more', async () => {
  const world = fleetWorld();
  await deployed(world);
  const paused = await pause(world);
  await work(world);
  await closeAdmission(world, paused);
  assert.deepEqual(world.sent, []);
});
