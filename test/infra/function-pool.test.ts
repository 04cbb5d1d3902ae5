/** A function's processes: each event one answer, whatever a handler does to the process it runs in. */
import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { FunctionPool } from '../../infra/local/rehearsal/function-pool.ts';

const folder = mkdtempSync(join(tmpdir(), 'nova-pool-'));
const output = openSync(join(folder, 'log'), 'a');
const pools: FunctionPool[] = [];
after(async () => {
  await Promise.all(pools.map((pool) => pool.close(0)));
  closeSync(output);
  rmSync(folder, { recursive: true, force: true });
});

const HANDLER = `
  export async function handler(event, context) {
    if (event.say) console.log(event.say);
    if (event.fail) throw new TypeError(event.fail);
    if (event.exit) process.exit(3);
    if (event.loop) for (;;);
    if (event.ms) await new Promise((resolve) => setTimeout(resolve, event.ms));
    if (event.nothing) return undefined;
    return { pid: process.pid, left: context.getRemainingTimeInMillis(), env: { ...process.env }, ...context };
  }`;

function poolOf(source = HANDLER, { size = 1, timeoutMs = 5_000 } = {}) {
  const bundle = join(folder, `${pools.length}.mjs`);
  writeFileSync(bundle, source);
  const living = new Set<number>();
  const watch = {
    born: (pid?: number) => void (pid && living.add(pid)),
    gone: (pid?: number) => void (pid && living.delete(pid)),
  };
  const options = { name: 'nova-test-fn', bundle, env: { ONLY: 'this' }, memoryMb: 128, nice: 0 };
  const pool = new FunctionPool({ ...options, timeoutMs, size, output, watch });
  pools.push(pool);
  return { pool, living };
}

type Seen = { pid: number; left: number; env: object; functionName: string; functionVersion: string };
const seen = async (pool: FunctionPool, event: object = {}): Promise<Seen> => (await pool.invoke(event)) as Seen;

test('a handler sees its own environment, its time and its name', async () => {
  const { pool } = poolOf();
  const { env, left, functionName, functionVersion } = await seen(pool, { say: 'hello' });
  assert.deepEqual(
    Object.keys(env).filter((name) => !name.startsWith('NODE_')),
    ['ONLY'],
  );
  assert.ok(left > 4_000 && left <= 5_000, `${left} ms left`);
  assert.deepEqual([functionName, functionVersion], ['nova-test-fn', '$LATEST']);
  assert.equal(await pool.invoke({ nothing: true }), null);
  assert.match(readFileSync(join(folder, 'log'), 'utf8'), /hello/);
});

test('a process works on one event at a time, and waiting events get the first that is free', async () => {
  const { pool } = poolOf(HANDLER, { size: 2 });
  const answers = await Promise.all(Array.from({ length: 6 }, () => seen(pool, { ms: 30 })));
  assert.equal(new Set(answers.map(({ pid }) => pid)).size, 2);
  assert.equal(pool.pids().length, 2);
});

test('what a handler throws is told, and its process goes on', async () => {
  const { pool } = poolOf();
  const { pid } = await seen(pool);
  await assert.rejects(pool.invoke({ fail: 'no such thing' }), /nova-test-fn: TypeError: no such thing/);
  assert.equal((await seen(pool)).pid, pid);
});

test('a handler past its time-out is killed and its process replaced, even in an endless loop', async () => {
  const { pool, living } = poolOf(HANDLER, { timeoutMs: 400 });
  const { pid } = await seen(pool);
  await assert.rejects(pool.invoke({ loop: true }), /timed out after 400 ms/);
  const next = await seen(pool);
  assert.notEqual(next.pid, pid);
  assert.deepEqual([...living], [next.pid]);
});

test('a process that exits or is killed fails its own event alone and is replaced at once', async () => {
  const { pool } = poolOf();
  await assert.rejects(pool.invoke({ exit: true }), /its process ended \(3\)/);
  const { pid } = await seen(pool);
  const [lost, waiting] = [pool.invoke({ ms: 2_000 }), seen(pool)];
  const failed = assert.rejects(lost, /its process ended \(SIGKILL\)/);
  await sleep(20);
  process.kill(pid, 'SIGKILL');
  await failed;
  assert.notEqual((await waiting).pid, pid);
});

test('a bundle that does not load fails each event once and does not spin', async () => {
  const { pool, living } = poolOf('throw new Error("no table")');
  await assert.rejects(pool.warm(), /does not load/);
  const failed = await Promise.allSettled([pool.invoke({}), pool.invoke({})]);
  assert.deepEqual(
    failed.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  await sleep(50);
  assert.equal(living.size, 0);
});

test('closing lets an event in progress end, and no later one begin', async () => {
  const { pool, living } = poolOf();
  await pool.warm();
  const last = seen(pool, { ms: 150 });
  await sleep(10);
  const refused = assert.rejects(pool.invoke({}), /the engine stops/);
  await pool.close(2_000);
  await refused;
  assert.ok((await last).pid > 0);
  assert.equal(living.size, 0);
});
