/** What only a child process can promise: a blueprint that does its worst hurts nobody else. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { childHost } from '../../shared/embedded/child-host.ts';
import type { ProcessorAndMemory } from '../../shared/ports/host.ts';
import { order, owner, scripted } from './host-world.ts';

const host = childHost({ memoryMb: 48, idleChildren: 1 });
after(() => host.close());

test('a run that never gives the processor back is killed at its deadline, and the others go on', async () => {
  const loop = host.execute(scripted({ hang: true, costUsd: '0.10' }, { deadline: Date.now() + 1_000 }), owner());
  const others = await Promise.all(Array.from({ length: 20 }, () => host.execute(scripted({ sleepMs: 5 }), owner())));
  assert.deepEqual(new Set(others.map(({ outcome }) => outcome)), new Set(['succeeded']));
  assert.equal((await loop).outcome, 'timed_out');
});

test('orders that were given ahead do not wait behind a run that turns out to be long', async () => {
  const pair = childHost({ maxConcurrentRuns: 2, idleChildren: 1, mailbox: 4 });
  await pair.warm();
  const deadline = Date.now() + 15_000;
  const loop = pair.execute(scripted({ hang: true }, { deadline }), owner());
  const behind = [1, 2, 3].map(() => pair.execute(scripted({}), owner()));
  const results = await Promise.all(behind);
  assert.deepEqual(
    results.map(({ outcome }) => outcome),
    ['succeeded', 'succeeded', 'succeeded'],
  );
  assert.ok(Date.now() < deadline, 'they were worked by another child while the first still looped');
  await pair.close();
  assert.deepEqual(await loop, { outcome: 'crashed', note: 'the host was closed' });
});

const isLinux = process.platform === 'linux';
test('its owner hears what a run used, of the run alone, and of one that was killed as well', {
  skip: !isLinux,
}, async () => {
  const told: ProcessorAndMemory[] = [];
  const listening = () => ({ ...owner(), used: (use: ProcessorAndMemory) => void told.push(use) });
  const alone = childHost({ maxConcurrentRuns: 1, idleChildren: 1 });
  await alone.warm();
  await alone.execute(scripted({ hang: 'loop' }, { deadline: Date.now() + 1_000 }), listening());
  await alone.execute(scripted({}), listening());
  await alone.execute(scripted({}), owner());
  await alone.close();
  const [busy, idle] = told;
  assert.equal(told.length, 2);
  assert.ok(busy && idle && busy.cpuMs > 100 && idle.cpuMs < 100, JSON.stringify(told));
  assert.ok(idle.peakMemoryMb > 20 && idle.peakMemoryMb < 500, JSON.stringify(told));
});

test('a run that fills its memory crashes with that reason', async () => {
  const result = await host.execute(scripted({ exhaust: true }), owner());
  assert.equal(result.outcome, 'crashed');
  assert.match(result.note, /more than 48 MB/);
});

test('a child that is killed from outside crashes its run once, and the next run gets another child', async () => {
  const alone = childHost({ maxConcurrentRuns: 1, idleChildren: 1, mailbox: 4 });
  await alone.warm();
  const calls = owner();
  const long = alone.execute(scripted({ costUsd: '0.10', sleepMs: 60_000 }), calls);
  const next = alone.execute(scripted({}), owner());
  await until(() => calls.asked.length > 0);
  const [pid] = alone.pids();
  assert.ok(pid);
  process.kill(pid, 'SIGKILL');
  assert.deepEqual(await long, { outcome: 'crashed', note: 'its process ended by SIGKILL' });
  assert.equal((await next).outcome, 'succeeded');
  assert.deepEqual(calls.asked, ['mark 100000'], 'the marked call stays at its bound');
  await alone.close();
});

test('an order given to a child that an earlier run has left busy goes to another one', async () => {
  let ahead = 0;
  const alone = childHost({ maxConcurrentRuns: 1, idleChildren: 1, now: () => Date.now() + ahead });
  await alone.warm();
  const [pid] = alone.pids();
  assert.ok(pid);
  process.kill(pid, 'SIGSTOP');
  const next = alone.execute(scripted({}), owner());
  ahead = 4_000;
  assert.equal((await next).outcome, 'succeeded');
  assert.notDeepEqual(alone.pids(), [pid]);
  await alone.close();
});

test('children that are killed before they come up cost no run anything: the next one does it', async () => {
  const alone = childHost({ maxConcurrentRuns: 1, idleChildren: 1 });
  const result = alone.execute(scripted({}), owner());
  const killed = new Set<number>();
  await until(() => {
    for (const pid of alone.pids())
      if (killed.size < 5 && !killed.has(pid) && process.kill(pid, 'SIGKILL')) killed.add(pid);
    return killed.size === 5;
  });
  assert.deepEqual(await result, { outcome: 'succeeded', note: 'entry 1 of 1' });
  await alone.close();
});

test('the result of a killed run waits for a mark that is under way, so that its owner knows all it may have cost', async () => {
  let answer = () => {};
  const asked: string[] = [];
  const mark = () => {
    asked.push('mark');
    return new Promise<void>((resolve) => {
      answer = resolve;
    });
  };
  const result = host.execute(scripted({ costUsd: '0.10' }, { deadline: Date.now() + 400 }), { ...owner(), mark });
  void result.then(() => asked.push('result'));
  await until(() => asked.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 600));
  assert.deepEqual(asked, ['mark']);
  answer();
  assert.equal((await result).outcome, 'timed_out');
});

test('an order whose deadline passes while no child is free is timed out without being begun', async () => {
  const alone = childHost({ maxConcurrentRuns: 1, idleChildren: 1 });
  const long = alone.execute(scripted({ sleepMs: 60_000 }), owner());
  const late = await alone.execute(order({ deadline: Date.now() + 300, config: { outcomes: [{}] } }), owner());
  assert.equal(late.outcome, 'timed_out');
  assert.match(late.note, /no child was free/);
  await alone.close();
  assert.equal((await long).outcome, 'crashed');
});

test('the pool grows for long runs, and shrinks to its idle size afterwards', async () => {
  const pool = childHost({ maxConcurrentRuns: 3, idleChildren: 1, idleMs: 100 });
  const met = meeting(3);
  const runs = Array.from({ length: 3 }, () => pool.execute(scripted({ costUsd: '0.10' }), { ...owner(), mark: met }));
  const results = await Promise.all(runs);
  assert.deepEqual(
    new Set(results.map(({ outcome }) => outcome)),
    new Set(['succeeded']),
    'all three were at work at once',
  );
  await until(() => pool.pids().length === 1);
  await pool.close();
});

test('when the engine is killed with -9 its children go too, also one that loops for ever', async () => {
  const script = `
    const { childHost } = await import('./shared/embedded/child-host.ts');
    const { owner, scripted } = await import('./test/contract/host-world.ts');
    const host = childHost({ idleChildren: 2 });
    await host.warm();
    const calls = owner();
    void host.execute(scripted({ hang: true, costUsd: '0.10' }), { ...calls, settle: () => console.log(host.pids().join(' ')) });
    setInterval(() => {}, 1000);`;
  const engine = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [text] = await once(engine.stdout, 'data');
  const pids = String(text).trim().split(' ').map(Number);
  assert.equal(pids.length, 2);
  engine.kill('SIGKILL');
  await until(() => !pids.some(isAlive));
});

/** Nobody goes on before `count` have come. */
function meeting(count: number): () => Promise<void> {
  let came = 0;
  let open = () => {};
  const all = new Promise<void>((resolve) => {
    open = resolve;
  });
  return () => {
    came += 1;
    if (came === count) open();
    return all;
  };
}

async function until(reached: () => boolean): Promise<void> {
  for (let k = 0; k < 1_000 && !reached(); k += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(reached(), 'not within ten seconds');
}

/** A zombie counts as gone: it is only waiting for somebody to read its exit code. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch {
    return false;
  }
}

function isZombie(pid: number): boolean {
  const { readFileSync } = process.getBuiltinModule('node:fs');
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

test('a run that asks for more and more without waiting for answers is ended before its host has to hold it all', async () => {
  const file = join(import.meta.dirname, '../fixtures/flooding-child.ts');
  const flooded = childHost({ program: { file, readable: [file] }, idleChildren: 1, maxConcurrentRuns: 1 });
  try {
    for (const asks of ['http', 'checkpoint']) {
      let open = 0;
      const slow = (): Promise<never> => {
        open += 1;
        return new Promise((_resolve, reject) => setTimeout(reject, 200, new Error('slow')));
      };
      const result = await flooded.execute(order({ config: { asks } }), { ...owner(), fetch: slow, checkpoint: slow });
      assert.deepEqual([result.outcome, result.note], ['crashed', 'the run asked for more than 256 things at once']);
      assert.equal(open, 256, asks);
    }
  } finally {
    await flooded.close();
  }
});
