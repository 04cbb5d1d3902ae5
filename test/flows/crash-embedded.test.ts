import { test } from 'node:test';
import { crashStory } from './crash-suite.ts';

const RUNS = Number(process.env.NOVA_CRASH_RUNS ?? 600);
const SEED = Number(process.env.NOVA_SEED ?? Date.now() % 1_000_000);

test(`killed again and again during ${RUNS} queued runs, the embedded engine loses nothing (seed ${SEED})`, async (t) => {
  await crashStory(t, { kind: 'embedded', seed: SEED, runs: RUNS, engineKills: 9, childKills: 20 });
});
