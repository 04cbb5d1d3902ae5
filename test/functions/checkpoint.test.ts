/** A checkpoint is its run's own: others of the instance come in between, see nothing of it, and take nothing away. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../../shared/domain/agent.ts';
import { runAgentJob } from '../../shared/jobs/run-agent.ts';
import { sweep } from '../../shared/jobs/sweep.ts';
import type { World } from '../../shared/ports/world.ts';
import { deployAgent } from '../../shared/store/deploy-store.ts';
import { listInstances } from '../../shared/store/instance-store.ts';
import { requestRuns } from '../../shared/store/request-store.ts';
import { listRuns } from '../../shared/store/run-store.ts';
import { readState } from '../../shared/store/state-store.ts';
import type { RunMessage } from '../../shared/wire/messages.ts';
import { fleetWorld, NEW_AGENT, OPERATOR, work } from '../fixtures/fleet-world.ts';

class Died extends Error {}
type Host = World['host']['execute'];

async function stage() {
  const base = fleetWorld();
  await deployAgent(base, NEW_AGENT, OPERATOR);
  await work(base);
  const sent: RunMessage[] = [];
  const send = async (message: RunMessage): Promise<void> => void sent.push(message);
  const dropped = { send: async () => {}, sendMany: async () => {} };
  const ports = {
    ...base,
    runs: { send, sendMany: dropped.sendMany },
    revenue: dropped,
    heart: { every: () => () => {} },
  };
  const world = ports as unknown as World;
  const found: Json[] = [];
  let deliveries = 0;
  return {
    ...{ world, found, table: base.memory, time: base.time },
    ask: async (): Promise<RunMessage> => {
      await requestRuns(world, { agentId: 'shop', instance: 0, times: 1, actor: OPERATOR });
      return sent.at(-1) ?? assert.fail('nothing was asked for');
    },
    async deliver(message: RunMessage, play: Host): Promise<void> {
      const execute: Host = async (order, calls) => {
        found.push(order.state);
        return play(order, calls);
      };
      const call = { invocationId: `i${++deliveries}`, deadline: base.time.now() + 300_000, receiveCount: 1 };
      await runAgentJob.run(message, { ...world, host: { execute } } as unknown as World, call);
    },
    state: async (): Promise<Json> => {
      const [instance] = await listInstances(base.memory, 'shop');
      return instance ? readState(base.memory, instance) : null;
    },
    checkpoints: (): number => [...base.memory.items()].filter(({ sk }) => sk.startsWith('checkpoint#')).length,
  };
}

const diesAfterItsCheckpoint: Host = async (_order, calls) => {
  await calls.mark(1_000);
  calls.settle(1_000);
  await calls.checkpoint({ of: 'a', step: 1 });
  throw new Died();
};
const ends =
  (state?: Json): Host =>
  async () => ({ outcome: 'succeeded', note: 'done', ...(state === undefined ? {} : { state }) });

test('a lost run goes on from its own checkpoint, although others of its instance ran and kept something in between', async () => {
  const { world, found, time, ask, deliver, state, checkpoints, table } = await stage();
  const first = await ask();
  await assert.rejects(deliver(first, diesAfterItsCheckpoint), Died);
  time.advance(61_000);
  await sweep(world);
  for (const name of ['b', 'c', 'd', 'e', 'f', 'g']) await deliver(await ask(), ends({ of: name }));
  assert.deepEqual(found.slice(1), [null, { of: 'b' }, { of: 'c' }, { of: 'd' }, { of: 'e' }, { of: 'f' }]);
  assert.deepEqual([await state(), checkpoints()], [{ of: 'g' }, 1]);
  await deliver(first, ends());
  assert.deepEqual(found.at(-1), { of: 'a', step: 1 }, 'it goes on where it was');
  assert.deepEqual([await state(), checkpoints()], [{ of: 'a', step: 1 }, 0], 'it ended well: what it kept stays');
  const again = (await listRuns(table, 'shop')).find(({ attempt }) => attempt === 2);
  assert.deepEqual([again?.status, again?.attempt], ['succeeded', 2]);
});

test('what a run kept on its way is taken away when it ends, well or not, and passes for nobody’s state when it failed', async () => {
  const { ask, deliver, state, checkpoints } = await stage();
  await deliver(await ask(), ends({ of: 'before' }));
  await deliver(await ask(), async (_order, calls) => {
    await calls.checkpoint({ of: 'half' });
    return { outcome: 'crashed', note: 'boom' };
  });
  assert.deepEqual([await state(), checkpoints()], [{ of: 'before' }, 0]);
});
