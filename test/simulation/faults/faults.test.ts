/** NOVA_FAULT_SEEDS=20000 plays so many histories, in as many processes as there are cores: every fault a hundred times. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { FAULTS } from './faults.ts';
import { playFaults } from './history.ts';
import { addHappened, type Happened, NOTHING, playSeeds } from './play-faults.ts';

const SEEDS = Number(process.env.NOVA_FAULT_SEEDS ?? 250);
const FIRST = Number(process.env.NOVA_SEED ?? 1);
/** So many are worth a process of their own. */
const WORTH = 2_000;
/** From so many on, each fault must have happened a hundred times. */
const NIGHT = 10_000;

async function playInProcesses(): Promise<Happened> {
  const players = availableParallelism();
  const each = Math.ceil(SEEDS / players);
  const script = join(import.meta.dirname, 'play-faults.ts');
  const sum: Happened = { ...NOTHING, faults: {} };
  const play = async (player: number): Promise<void> => {
    const args = [script, String(FIRST + player * each), String(each)];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    addHappened(sum, JSON.parse(stdout) as Happened);
  };
  await Promise.all(Array.from({ length: players }, (_, player) => play(player)));
  return sum;
}

test(`${SEEDS} seeded histories of the whole system from seed ${FIRST} keep every invariant under every fault`, async (t) => {
  const began = performance.now();
  const sum = SEEDS < WORTH ? await playSeeds(FIRST, SEEDS) : await playInProcesses();
  t.diagnostic(`${JSON.stringify(sum)} in ${Math.round(performance.now() - began)} ms`);
  // An injector that injects nothing proves nothing.
  const wanted = SEEDS >= NIGHT ? 100 : SEEDS >= 250 ? 1 : 0;
  const rare = [...FAULTS.map(({ id }) => id), 'all down'].filter((id) => (sum.faults[id] ?? 0) < wanted);
  assert.deepEqual(rare, [], `each is to happen ${wanted} times: ${JSON.stringify(sum.faults)}`);
});

test('a history is the same every time it is played, step by step', async () => {
  for (const seed of [3, 11, 25]) {
    const [once, again] = [await playFaults(seed), await playFaults(seed)];
    assert.deepEqual([again.trace, again.steps, [...again.counts]], [once.trace, once.steps, [...once.counts]]);
  }
});
