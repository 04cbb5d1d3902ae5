/** F3 and F11 at their size: a thousand agents whose ticks of six hours come at once, and ten thousand dead letters of thirteen days. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { queues } from '../../../infra/topology.ts';
import { tickSlot } from '../../../shared/domain/run.ts';
import { type RunPorts, runAgentJob } from '../../../shared/jobs/run-agent.ts';
import { type MemoryQueue, memoryQueue } from '../../../shared/memory/memory-queue.ts';
import { noLlm } from '../../../shared/memory/no-llm.ts';
import { inProcessHost } from '../../../shared/runtime/in-process-host.ts';
import { deployAgent } from '../../../shared/store/deploy-store.ts';
import { listFleet } from '../../../shared/store/instance-store.ts';
import { setLimit } from '../../../shared/store/limit-store.ts';
import type { TickMessage } from '../../../shared/wire/messages.ts';
import { fleetWorld, NEW_AGENT, OPERATOR, work } from '../../fixtures/fleet-world.ts';

const AGENTS = 1_000;
const HOUR = 3_600_000;
const RUN_MICROS = 100_000;
/** Money for a third of what is owed. */
const LIMIT_MICROS = 2_000 * RUN_MICROS;
const AT_ONCE = queues.find(({ name }) => name === 'runs')?.maxConcurrency ?? 0;

/** A thousand hourly agents under one limit, and as many workers as the queue allows. */
async function stand() {
  const world = fleetWorld();
  const names = Array.from({ length: AGENTS }, (_, k) => `agent-${k}`);
  for (const name of names) await deployAgent(world, { ...NEW_AGENT, name, overlap: 'wait' }, OPERATOR);
  await work(world);
  await setLimit(world, { scope: 'fleet', limitMicros: LIMIT_MICROS, throttled: false }, OPERATOR);
  const { time } = world;
  const queue: MemoryQueue<TickMessage> = memoryQueue({
    name: 'runs',
    time,
    visibilitySeconds: 360,
    maxReceiveCount: 100,
  });
  const ran: string[] = [];
  const seen = { active: 0, most: 0 };
  const real = inProcessHost(time);
  const host: RunPorts['host'] = {
    async execute(...asked) {
      ran.push(asked[0].runId);
      seen.most = Math.max(seen.most, ++seen.active);
      await new Promise(setImmediate);
      return await real.execute(...asked).finally(() => void seen.active--);
    },
  };
  const dropped = { send: async () => undefined, sendMany: async () => undefined };
  const http = { get: () => Promise.reject(new Error('no way out')) };
  const heart = { every: () => () => undefined };
  const ports = { ...world, host, heart, http, llm: noLlm, revenue: dropped } as unknown as RunPorts;
  let deliveries = 0;
  async function worker(): Promise<void> {
    for (;;) {
      const [delivery] = await queue.receive({ max: 1, waitSeconds: 0 });
      if (!delivery) return;
      const { receipt, receiveCount, body } = delivery;
      const call = { invocationId: `i${++deliveries}`, deadline: time.now() + 300_000, receiveCount };
      const later = await runAgentJob.run(runAgentJob.parse(JSON.parse(body)), ports, call);
      if (later) await queue.giveBack(receipt, later.laterSeconds);
      else await queue.delete(receipt);
    }
  }
  const workOff = async (): Promise<void> => {
    while (queue.size() > 0) {
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      const next = queue.nextVisibleAt();
      if (next !== null && next > time.now()) time.advance(next - time.now());
    }
  };
  return { world, names, queue, ran, seen, workOff };
}

const ticksOf = (names: readonly string[], from: number, count: number): TickMessage[] =>
  names.flatMap((agentId) =>
    Array.from({ length: count }, (_, k) => ({
      ...({ v: 1, kind: 'tick', agentId, instance: 0 } as const),
      scheduledFor: new Date(from + k * HOUR).toISOString(),
    })),
  );

test('six hours of ticks of a thousand agents at once, and ten thousand dead letters thirteen days later', async (t) => {
  const { world, names, queue, ran, seen, workOff } = await stand();
  const { time, table } = world;
  const began = performance.now();
  time.advance(6 * HOUR);
  const owed = ticksOf(names, time.now() - 5 * HOUR, 6);
  await queue.sendMany(owed);
  await workOff();
  const fleet = await listFleet(table);
  const spent = fleet.reduce((sum, { total }) => sum + total.costMicros, 0);
  assert.equal(new Set(ran).size, ran.length, 'no slot twice');
  assert.ok(seen.most > 1 && seen.most <= AT_ONCE, `${seen.most} at once`);
  assert.ok(spent <= LIMIT_MICROS && spent > 0.9 * LIMIT_MICROS, `${spent} of ${LIMIT_MICROS}`);
  for (const { agentId, total, recent } of fleet) {
    assert.equal(total.runs + total.refused, 6, `${agentId}: each tick is recorded once`);
    assert.equal(recent.length, 6);
  }
  t.diagnostic(
    `${owed.length} ticks, ${ran.length} runs, ${seen.most} at once: ${Math.round(performance.now() - began)} ms`,
  );

  const again = performance.now();
  const before = ran.length;
  const days = ticksOf(names, time.now() - 8 * HOUR, 4).slice(0, 10_000 - owed.length);
  time.advance(13 * 24 * HOUR);
  await setLimit(world, { scope: 'fleet', limitMicros: 100 * LIMIT_MICROS, throttled: false }, OPERATOR);
  await queue.sendMany([...owed, ...days]);
  assert.equal(queue.size(), 10_000);
  await workOff();
  assert.equal(ran.length, before, 'nothing of it runs');
  assert.deepEqual(await queue.deadLetters(10), []);
  const now = await listFleet(table);
  const records = now.reduce((sum, { total }) => sum + total.runs + total.refused, 0);
  const late = [...world.memory.items()].filter(({ pk }) => pk.startsWith('LATE#')).length;
  const known = new Set(owed.map(({ agentId, scheduledFor }) => `${agentId} ${tickSlot(Date.parse(scheduledFor))}`));
  const fresh = days.filter(
    ({ agentId, scheduledFor }) => !known.has(`${agentId} ${tickSlot(Date.parse(scheduledFor))}`),
  );
  assert.equal(records + late, owed.length + fresh.length, 'each one that was never heard of is recorded as late');
  t.diagnostic(
    `10,000 dead letters, ${late} noted as late beside the records: ${Math.round(performance.now() - again)} ms`,
  );
});
