import { test } from 'node:test';
import { dynoxide, fauxqs } from '../contract/local-aws.ts';
import { crashStory } from './crash-suite.ts';

/** All of it with NOVA_CRASH_RUNS=2000: a start of this engine takes seconds. */
const FULL = process.env.NOVA_CRASH_RUNS;
const RUNS = Number(FULL ?? 100);
const SEED = Number(process.env.NOVA_SEED ?? Date.now() % 1_000_000);
const skip = dynoxide.missing ?? fauxqs.missing ?? false;
const name = `killed again and again during ${RUNS} queued runs, the rehearsal engine loses nothing (seed ${SEED})`;

test(name, { skip }, async (t) => {
  await crashStory(t, {
    kind: 'rehearsal',
    seed: SEED,
    runs: RUNS,
    engineKills: FULL ? 8 : 3,
    childKills: FULL ? 16 : 6,
  });
});
