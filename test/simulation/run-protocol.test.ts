/** NOVA_HISTORIES=100000 plays so many, in as many processes as there are cores. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { type Counts, NO_COUNTS, playHistory } from './history.ts';
import { addCounts, playAll } from './play.ts';

const HISTORIES = Number(process.env.NOVA_HISTORIES ?? 400);
const FIRST = Number(process.env.NOVA_SEED ?? 1);
/** So many are worth a process of their own. */
const WORTH = 5_000;

async function playInProcesses(): Promise<Counts> {
  const players = availableParallelism();
  const each = Math.ceil(HISTORIES / players);
  const script = join(import.meta.dirname, 'play.ts');
  const sum: Counts = { ...NO_COUNTS };
  const play = async (player: number): Promise<void> => {
    const args = [script, String(FIRST + player * each), String(each)];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    addCounts(sum, JSON.parse(stdout) as Counts);
  };
  await Promise.all(Array.from({ length: players }, (_, player) => play(player)));
  return sum;
}

test(`${HISTORIES} seeded histories from seed ${FIRST} keep every invariant of the run protocol`, async (t) => {
  const began = performance.now();
  const sum = HISTORIES < WORTH ? await playAll(FIRST, HISTORIES) : await playInProcesses();
  t.diagnostic(`${JSON.stringify(sum)} in ${Math.round(performance.now() - began)} ms`);
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
