/** The lives and deaths of an engine in a crash test: what is asked of it, and when it or one of its children dies. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dice } from '../../shared/memory/dice.ts';
import type { Accepted } from './crash-checks.ts';
import { type CrashEngine, killProcess } from './crash-engine.ts';
import type { Member, Wanted } from './crash-fleet.ts';
import { type EngineKind, PROGRESS, type Progress } from './engine-kinds.ts';

/** A living engine that closes nothing for so long is stuck. */
const STANDSTILL_MS = 60_000;

export type CrashPlan = {
  readonly kind: EngineKind;
  readonly seed: number;
  readonly runs: number;
  /** Lives of the engine that end in the middle of the work; two more end before it is up. */
  readonly engineKills: number;
  readonly childKills: number;
};

export type Story = {
  readonly plan: CrashPlan;
  readonly throws: Dice;
  readonly engine: CrashEngine;
  readonly fleet: readonly Member[];
  readonly todo: Wanted[];
  readonly accepted: Accepted[];
  readonly unanswered: Wanted[];
  readonly killed: { engines: number; stillborn: number; children: number };
};

export const progress = async (engine: CrashEngine): Promise<Progress> => (await engine.ask(PROGRESS)) as Progress;

/** Each life ends when so many slots are closed, and a moment later; now and then one ends before it has begun. */
export async function liveAndDie(story: Story): Promise<void> {
  const { plan, throws, engine, killed } = story;
  const stillborn = new Set([1 + throws.below(plan.engineKills - 1), 1 + throws.below(plan.engineKills - 1)]);
  for (let life = 0; life < plan.engineKills; life++) {
    if (life > 0) {
      if (stillborn.has(life)) await dieEarly(story);
      assert.ok(await engine.launch().ready, 'the engine does not start again');
    }
    const until = Math.floor((plan.runs * (life + throws.fraction())) / (plan.engineKills + 1));
    await Promise.all([untilClosed(story, until), submit(story, life), killChildren(story)]);
    killed.engines++;
  }
}

async function dieEarly({ throws, engine, killed }: Story): Promise<void> {
  const { ready } = engine.launch();
  await sleep(50 + throws.below(700));
  await engine.kill();
  await ready;
  killed.stillborn++;
}

async function untilClosed({ engine, throws }: Story, wanted: number): Promise<void> {
  let patience = Date.now() + STANDSTILL_MS;
  for (let closed = -1; closed < wanted; ) {
    const now = (await progress(engine)).closed;
    if (now > closed) patience = Date.now() + STANDSTILL_MS;
    closed = now;
    assert.ok(Date.now() < patience, `nothing closed for ${STANDSTILL_MS} ms, ${closed} of ${wanted} slots are`);
    await sleep(15);
  }
  await sleep(throws.below(80));
  await engine.kill();
}

/** Asks for runs until the engine dies, a little ahead of the work. What was not answered may have been taken. */
async function submit({ engine, todo, accepted, unanswered, throws, plan }: Story, life: number): Promise<void> {
  const ahead = (plan.runs * (life + 2)) / plan.engineKills;
  while (accepted.reduce((sum, { times }) => sum + times, 0) < ahead) {
    const wanted = todo[0];
    if (!wanted) return;
    try {
      const { id } = (await engine.ask('run now', { ...wanted })) as { id: string };
      accepted.push({ ...wanted, id });
      todo.shift();
    } catch (thrown) {
      if (engine.lives()) throw thrown;
      // Asked again under a new id: an answer that was lost must not lose the work.
      unanswered.push(wanted);
      return;
    }
    await sleep(throws.below(12));
  }
}

/** Ends children of a living engine at random moments, until it dies itself. */
async function killChildren({ engine, throws, killed, plan }: Story): Promise<void> {
  const share = Math.ceil(plan.childKills / plan.engineKills);
  for (let n = 0; n < share; ) {
    await sleep(10 + throws.below(120));
    const children = engine.children();
    if (children.length === 0) return;
    // The one that outlives the engine by a moment as well, now and then.
    const busy = children.filter(({ args }) => !args.includes('warden'));
    const victim = throws.pick(busy.length > 0 && !throws.chance(0.1) ? busy : children);
    if (killProcess(victim.pid)) killed.children += 1;
    n++;
  }
}
