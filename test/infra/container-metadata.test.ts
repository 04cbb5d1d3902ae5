/** What the metadata endpoint of ECS (version 4) tells a task of itself: numbers as Docker spells them, or nothing. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { taskMemoryMb, whereAmI } from '../../containers/agent-runner/metadata.ts';
import { useMeter } from '../../containers/agent-runner/use-meter.ts';

const MB = 1024 * 1024;
/** Shaped like the answer of Fargate: one entry for each container, null while one is starting. */
const STATS = {
  'cd189a933e5849daa93386466019ab50-2495160603': {
    read: '2026-11-20T02:15:00Z',
    cpu_stats: { cpu_usage: { total_usage: 360_968_065, usage_in_kernelmode: 80_000_000 } },
    memory_stats: { usage: 420 * MB, limit: 512 * MB, stats: { active_file: 5 * MB, inactive_file: 20 * MB } },
    networks: { eth1: { rx_bytes: 46_000, tx_bytes: 42_000 } },
  },
  'aa-starting': null,
};
let answers: Record<string, unknown> = {};
const server = createServer(({ url = '' }, response) => {
  const body = answers[url];
  response.statusCode = body === undefined ? 404 : 200;
  response.end(typeof body === 'string' ? body : JSON.stringify(body ?? null));
});
let source: Record<string, string> = {};
before(async () => {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  source = { ECS_CONTAINER_METADATA_URI_V4: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v4/abc` };
});
after(() => void server.close());

test('the memory of a task is what its containers hold, without files that could be dropped', async () => {
  answers = { '/v4/abc/task/stats': STATS };
  assert.equal(await taskMemoryMb(source), 400);
  const cgroup1 = { memory_stats: { usage: 300 * MB, stats: { inactive_file: 0, total_inactive_file: 100 * MB } } };
  answers = { '/v4/abc/task/stats': { a: cgroup1, b: cgroup1 } };
  assert.equal(await taskMemoryMb(source), 400);
});

test('nothing, nonsense and no endpoint say nothing, and never fail a run', async () => {
  for (const wrong of [
    {},
    { a: null },
    { a: { memory_stats: {} } },
    { a: { memory_stats: { usage: '9' } } },
    '<html>',
  ]) {
    answers = { '/v4/abc/task/stats': wrong };
    assert.equal(await taskMemoryMb(source), null, JSON.stringify(wrong));
  }
  answers = {};
  assert.equal(await taskMemoryMb(source), null);
  assert.equal(await taskMemoryMb({}), null);
  assert.equal(await taskMemoryMb({ ECS_CONTAINER_METADATA_URI_V4: 'http://127.0.0.1:1' }), null);
});

test('a task is told its name and since when it is billed; it is never billed from the future', async () => {
  const NOW = Date.UTC(2026, 10, 20, 3);
  const task = (PullStartedAt?: string) => ({
    TaskARN: 'arn:aws:ecs:eu-central-1:1:task/nova-prod/f00d',
    PullStartedAt,
  });
  answers = { '/v4/abc/task': task('2026-11-20T02:59:30.5Z') };
  assert.deepEqual(await whereAmI(source, NOW), { taskId: 'f00d', billedFrom: NOW - 29_500 });
  answers = { '/v4/abc/task': task('2026-11-20T03:00:09Z') };
  assert.equal((await whereAmI(source, NOW)).billedFrom, NOW);
  answers = {};
  assert.match((await whereAmI(source, NOW)).taskId, /^[0-9a-f]{32}$/);
});

test('the meter keeps the most that either side has seen since it was read last', {
  skip: process.platform !== 'linux',
}, () => {
  const meter = useMeter(() => [process.pid]);
  meter.saw(9_000);
  const first = meter.read();
  assert.equal(first.peakMemoryMb, 9_000);
  const { user } = process.cpuUsage();
  // So many microseconds of its own, however busy the machine is.
  while (process.cpuUsage().user < user + 80_000);
  const second = meter.read();
  assert.ok(second.peakMemoryMb > 20 && second.peakMemoryMb < 9_000, `${second.peakMemoryMb}`);
  assert.ok(second.cpuMs >= 20 && second.wallMs >= 60, JSON.stringify(second));
});
