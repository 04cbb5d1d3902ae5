/** NOVA_HISTORIES=100000 plays so many, in as many processes as there are cores. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { type Counts, NO_COUNTS, playHistory } from './history.ts';
import { addCounts, type Played } from './play.ts';

const HISTORIES = Number(process.env.NOVA_HISTORIES ?? 400);
const FIRST = Number(process.env.NOVA_SEED ?? 1);
/** So many are worth a process on each core. */
const WORTH = 5_000;

/** Never in the process of the test: its runner looks at every promise, which takes as long as the history. */
async function playInProcesses(): Promise<{ readonly sum: Counts; readonly cpuMs: number }> {
  const players = HISTORIES < WORTH ? 1 : availableParallelism();
  const each = Math.floor(HISTORIES / players);
  const script = join(import.meta.dirname, 'play.ts');
  const sum: Counts = { ...NO_COUNTS };
  let spentMs = 0;
  const play = async (player: number): Promise<void> => {
    const histories = player === 0 ? HISTORIES - each * (players - 1) : each;
    const first = FIRST + (player === 0 ? 0 : histories * player + HISTORIES - each * players);
    const args = [script, String(first), String(histories)];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const { counts, cpuMs } = JSON.parse(stdout) as Played;
    addCounts(sum, counts);
    spentMs += cpuMs;
  };
  await Promise.all(Array.from({ length: players }, (_, player) => play(player)));
  return { sum, cpuMs: spentMs };
}

test(`${HISTORIES} seeded histories from seed ${FIRST} keep every invariant of the run protocol`, async (t) => {
  const began = performance.now();
  const { sum, cpuMs } = await playInProcesses();
  const load = loadavg()[0]?.toFixed(1);
  t.diagnostic(
    `${JSON.stringify(sum)} in ${Math.round(performance.now() - began)} ms, ${cpuMs} ms of CPU, at a load of ${load}`,
  );
  // A simulator whose faults never happen proves nothing.
  const enough = {
    crashes: 0.5,
    receipts: 1,
    lost: 0.5,
    failures: 0.1,
    refused: 0.3,
    limits: 0.3,
    kills: 0.05,
    jumps: 0.05,
  };
  for (const [name, perHistory] of Object.entries(enough))
    assert.ok(sum[name as keyof Counts] >= HISTORIES * perHistory, `${name}: ${JSON.stringify(sum)}`);
});

test('a history is the same every time it is played', async () => {
  assert.deepEqual(await playHistory(7), await playHistory(7));
});
