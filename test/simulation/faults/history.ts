/** Plays one seeded history: some faults for a while, then none, and ten minutes later everything must be at its end. */
import { dice } from '../../../shared/memory/dice.ts';
import { Broken } from '../books.ts';
import { unavailable } from './asks.ts';
import { checkEnd, checkFinal } from './endings.ts';
import type { Fault } from './fault.ts';
import { FAULTS } from './faults.ts';
import { Play } from './play.ts';
import { stageOf } from './stage.ts';
import type { Wrong } from './wrong.ts';

export type Played = {
  readonly seed: number;
  readonly steps: number;
  readonly trace: number;
  readonly counts: ReadonlyMap<string, number>;
};

const FAULTY_STEPS = 260;
/** So many histories know one fault alone: what it does must then end as fast, and as cleanly, as is promised. */
const ALONE = 0.2;
const MINUTE = 60_000;

/** Throws with the seed in the message when something does not hold. */
export async function playFaults(seed: number, wrong: Wrong = {}, faults: readonly Fault[] = FAULTS): Promise<Played> {
  const chooses = dice(seed ^ 0x5eed);
  const play = new Play(seed, await stageOf(chooses.pick([4, 12, 60])), wrong);
  play.alone = faults.length === 1 || chooses.chance(ALONE);
  const loose = play.alone ? [chooses.pick(faults)] : faults.filter(({ rare }) => chooses.chance(rare ? 0.35 : 0.14));
  await play.pass(chooses.below(8) * MINUTE);
  await letLoose(play, loose);
  await mend(play);
  const asked = [...play.platform.ticks];
  await play.pass(10 * MINUTE);
  await checkFinal(play, asked);
  await calmDown(play);
  await checkEnd(play);
  for (const fault of loose) {
    const problem = play.counts.has(fault.id) ? await fault.check?.(play) : null;
    if (problem) throw new Broken(`seed ${seed}: ${fault.id} ${fault.name}: ${problem}`);
  }
  return { seed, steps: play.steps, trace: play.trace, counts: play.counts };
}

async function letLoose(play: Play, loose: readonly Fault[]): Promise<void> {
  const { throws, cloud, platform } = play;
  const left = loose.flatMap((fault) => (fault.strikes ? Array.from({ length: fault.times ?? 2 }, () => fault) : []));
  const last = play.steps + FAULTY_STEPS;
  const swizzled = !play.alone && throws.chance(0.1);
  while (play.steps < last) {
    if (swizzled && throws.chance(0.03)) stopOne(play);
    const roll = throws.fraction();
    if (roll < 0.8) await oneAnswer(play, loose);
    else if (roll < 0.88) await platform.poll(throws.pick(['runs', 'runs', 'work', 'revenue']));
    else if (roll < 0.93) {
      cloud.clock.advance(throws.below(throws.pick([2_000, 20_000, 70_000])));
      await platform.due();
      play.steps++;
    } else if (roll < 0.955) await play.people.act();
    else if (roll < 0.965)
      await platform.wake(throws.pick(['evaluate-agents', 'reconcile-agents', 'close-day', 'sweep']));
    else if (left.length > 0) {
      const at = throws.below(left.length);
      const fault = left[at];
      if (fault && (await fault.strikes?.(play))) {
        left.splice(at, 1);
        play.happened(fault.id);
      }
    }
    play.check();
  }
}

const DEPENDENCIES = ['table', 'queue', 'launcher', 'scheduler', 'mailer', 'secrets'] as const;

/** One dependency after the other stands still, until all do. */
function stopOne({ cloud, throws, counts }: Play): void {
  const left = DEPENDENCIES.filter((port) => !cloud.down.has(port));
  if (left.length === 0) return;
  cloud.down.add(throws.pick(left));
  if (left.length === 1) counts.set('all down', 1);
}

/** The next question is answered, or met by a fault; where nobody asks, time goes on. */
async function oneAnswer(play: Play, loose: readonly Fault[]): Promise<void> {
  const { cloud, throws, platform } = play;
  const ask = cloud.machines.pick();
  if (!ask) {
    cloud.clock.set(Math.max(cloud.clock.now() + 1, Math.min(platform.nextAt(), cloud.clock.now() + MINUTE)));
    await platform.due();
    play.steps++;
    return;
  }
  if (cloud.down.has(ask.about.port)) {
    play.steps++;
    return await cloud.machines.refuse(ask, unavailable(`the ${ask.about.port} does not answer`));
  }
  for (const { id, meets } of loose) {
    if (!meets?.fits(ask, play) || !throws.chance(meets.chance)) continue;
    play.steps++;
    play.happened(id);
    await meets.strike(ask, play);
    return;
  }
  await play.answer(ask);
}

/** Nothing fails any more: what is down comes up, in any order; what stands still goes on. */
async function mend(play: Play): Promise<void> {
  const { cloud, platform, throws } = play;
  const restored: (() => unknown)[] = [
    () => {
      platform.schedulerUp = true;
      for (const tick of platform.owed.splice(0)) platform.tick(tick);
    },
    () => {
      cloud.mailDown = 0;
    },
    () => {
      for (const task of cloud.cluster.alive()) {
        task.stubborn = false;
        task.seenFrom = 0;
        if (task.stopping) task.term.abort();
      }
    },
    () => {
      for (const machine of cloud.machines.alive()) machine.frozenUntil = 0;
    },
    () => {
      for (const ask of cloud.machines.waiting) ask.notBefore = Math.min(ask.notBefore, cloud.clock.now());
    },
    ...[...cloud.down].map((port) => () => cloud.down.delete(port)),
    () => {
      cloud.disorder = false;
    },
    () => {
      platform.failing = 0;
    },
    () => platform.delaySweep(MINUTE),
    () => play.people.release(),
  ];
  while (restored.length > 0) {
    await restored.splice(throws.below(restored.length), 1)[0]?.();
    for (let k = 0; k < 5; k++) await oneAnswer(play, []);
  }
  platform.skewMs = 0;
  platform.agentTicks = false;
  // A kill that was under way has come through.
  await play.pass(2_000);
  await play.people.release();
}

/** Whoever was kept alive may rest, and what a dead function held comes back to its queue. */
async function calmDown(play: Play): Promise<void> {
  await play.people.pause('dot');
  play.platform.sweepEveryMs = 8 * MINUTE;
  await play.pass(40 * MINUTE);
}
