/** The event source of one machine: what a store that refuses for a while does to it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPump } from '../../infra/local/pump.ts';
import { NovaError } from '../../shared/domain/error.ts';
import { memoryQueue } from '../../shared/memory/memory-queue.ts';
import type { Inbox } from '../../shared/ports/queue.ts';
import type { World } from '../../shared/ports/world.ts';
import type { QueueJob } from '../../shared/runtime/job.ts';

test('a queue that cannot be read is read again when it can, and both are said once', async () => {
  const time = { now: () => Date.now() };
  const queue = memoryQueue<number>({ name: 'q', time, visibilitySeconds: 60, maxReceiveCount: 3 });
  const said: string[] = [];
  const note = (message: string): void => void said.push(message);
  const seen: unknown[] = [];
  const job: QueueJob<unknown, World> = {
    ...{ name: 'job', needs: {} as QueueJob<unknown, World>['needs'], parse: (value: unknown) => value },
    run: async (value) => void seen.push(value),
  };
  let refusals = 2;
  const inbox: Inbox = {
    ...queue,
    async receive({ max }) {
      await sleep(5);
      if (refusals-- > 0) throw new NovaError('unavailable', 'the disk is full');
      return queue.receive({ max, waitSeconds: 0 });
    },
  };
  await queue.send(1);
  const world = { time, log: { info: note, warn: note, error: note } } as unknown as World;
  const pump = startPump({ inbox, job, world, concurrency: 1, timeoutMs: 1_000, newId: () => 'id' });
  for (let tries = 0; seen.length === 0 && tries < 400; tries++) await sleep(10);
  await pump.stop();
  assert.deepEqual(seen, [1]);
  assert.deepEqual(said, ['a queue cannot be read; tried again every second', 'a queue can be read again']);
});
