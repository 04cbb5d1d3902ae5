/** One story for every durable engine: it is killed again and again while runs are queued, and loses nothing. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../../infra/local/engine.ts';
import { queues } from '../../infra/topology.ts';
import { dice } from '../../shared/memory/dice.ts';
import { atRest, checkLedger, checkRecordedOnce, checkScripts } from './crash-checks.ts';
import { CrashEngine } from './crash-engine.ts';
import { drawFleet, drawRequests, plannedMicros } from './crash-fleet.ts';
import { type CrashPlan, liveAndDie, progress, type Story } from './crash-lives.ts';
import { type EngineKind, progressOf, startNamed, VISIBILITY_SCALES } from './engine-kinds.ts';
import { temporaryHome } from './engine-stage.ts';
import { checkBudgets, checkTallies, readBooks } from './exact-books.ts';
import { command } from './story.ts';

const TIME_SCALE = 20;
/** Whoever holds a message longest decides how long something may stay in flight after the last start. */
const LONGEST_MS = Math.max(...queues.map(({ visibilitySeconds }) => visibilitySeconds)) * 1000;
/** To see that it has come to rest, on a busy machine. */
const LOOK_MS = 5_000;

export async function crashStory(t: TestContext, plan: CrashPlan): Promise<void> {
  const throws = dice(plan.seed);
  const home = temporaryHome();
  const engine = new CrashEngine(plan.kind, home.path, TIME_SCALE);
  const fleet = drawFleet(throws);
  const todo = drawRequests(fleet, plan.runs, throws);
  const killed = { engines: 0, stillborn: 0, children: 0 };
  const story: Story = { plan, throws, engine, fleet, todo, accepted: [], unanswered: [], killed };
  const began = Date.now();
  try {
    await deployFleet(story);
    await liveAndDie(story);
    const killedAt = Date.now();
    const last = await startNamed(plan.kind, home.path, TIME_SCALE);
    try {
      await submitRest(story, last);
      const restMs = await comesToRest(last, plan.kind);
      const said = await checkAll(story, last);
      const ms = { lives: killedAt - began, rest: restMs, all: Date.now() - began };
      t.diagnostic(JSON.stringify({ seed: plan.seed, ...killed, ...said, ms }));
    } finally {
      await last.stop();
    }
    home.remove();
  } catch (thrown) {
    await engine.kill();
    t.diagnostic(`NOVA_SEED=${plan.seed} repeats this; the data is kept in ${home.path}`);
    throw thrown;
  }
}

/** Deploys all agents and waits until their instances are there. */
async function deployFleet({ plan, engine, fleet, todo }: Story): Promise<void> {
  assert.ok(await engine.launch().ready, 'the engine does not start');
  for (const { name, instances, outcomes, budgetDay } of fleet) {
    const limits = budgetDay === undefined ? {} : { budgetDay };
    const config = { outcomes: outcomes.map((entry) => ({ ...entry })) };
    await engine.ask('agent deploy', { blueprint: 'lab.scripted', name, instances, config, ...limits });
  }
  await engine.ask('budget set', { scope: 'fleet', usd: Math.round(plannedMicros(fleet, todo) * 0.8) });
  const wanted = fleet.reduce((sum, { instances }) => sum + instances, 0);
  for (let tries = 0; (await progress(engine)).instances < wanted; tries++) {
    assert.ok(tries < 400, `the instances are not made on the ${plan.kind} engine`);
    await sleep(25);
  }
}

async function submitRest({ todo, accepted }: Story, { world, admin }: Engine): Promise<void> {
  const stage = { world, admin, settle: async () => {}, fetch: () => Promise.reject(new Error('no front')) };
  for (const wanted of todo.splice(0)) {
    const { id } = (await command(stage, 'run now', { ...wanted })) as { id: string };
    accepted.push({ ...wanted, id });
  }
}

/** Within one visibility time-out of the last start, unless there is simply more work than that. */
async function comesToRest(engine: Engine, kind: EngineKind): Promise<number> {
  const visibilityMs = LONGEST_MS / VISIBILITY_SCALES[kind] + LOOK_MS;
  const began = Date.now();
  let closed = -1;
  let moved = began;
  for (let calm = 0; calm < 3; ) {
    const left = await atRest(engine);
    assert.equal(left.dead, 0, 'a message was given up');
    calm = Object.values(left).every((count) => count === 0) ? calm + 1 : 0;
    const now = (await progressOf(engine)).closed;
    if (now !== closed) moved = Date.now();
    closed = now;
    assert.ok(Date.now() - moved < visibilityMs, `still in flight after ${visibilityMs} ms: ${JSON.stringify(left)}`);
    await sleep(50);
  }
  return Date.now() - began;
}

async function checkAll(story: Story, engine: Engine): Promise<{ readonly [name: string]: number }> {
  const { fleet, accepted, unanswered, plan } = story;
  const { table } = engine.world;
  const books = await readBooks(table);
  const recorded = checkRecordedOnce(books, { accepted, unanswered });
  const asked = accepted.reduce((sum, { times }) => sum + times, 0);
  assert.equal(asked, plan.runs);
  checkTallies(books);
  const budgets = await checkBudgets(table);
  await checkScripts(table, { books, fleet, hidden: plan.kind === 'rehearsal' });
  const booked = await checkLedger(table, books, fleet);
  const stage = { world: engine.world, admin: engine.admin, settle: async () => {}, fetch: () => assert.fail() };
  const audit: { valid: boolean; faults: unknown; entities: number } = await command(stage, 'audit verify');
  assert.ok(audit.valid, JSON.stringify(audit.faults));
  const records = books.flatMap((one) => one.records);
  const noted = (note: RegExp): number => records.filter((record) => note.test(record.note)).length;
  const counts = {
    ...{ recorded, budgets, booked, chains: audit.entities, unanswered: unanswered.length },
    engineStopped: noted(/^engine stopped$/),
    childKilled: noted(/^its process ended/),
    again: records.filter(({ attempt }) => attempt > 1).length,
    cooling: noted(/^cooling$/),
    broke: noted(/^budget_reached$/),
  };
  if (plan.runs >= EVIDENT_RUNS) checkEvidence(story, counts);
  return counts;
}

/** In a short history the kills may all have hit moments that left nothing behind: that is luck, and no failure. */
const EVIDENT_RUNS = 2_000;

/** Kills that hit nothing prove nothing. */
function checkEvidence({ plan, killed }: Story, counts: { readonly [name: string]: number }): void {
  const { engineStopped = 0, again = 0, childKilled = 0, cooling = 0, broke = 0 } = counts;
  const seen = JSON.stringify({ ...counts, killed: killed.children });
  assert.ok(killed.children >= Math.min(10, plan.childKills), seen);
  assert.ok(engineStopped + again > 0, seen);
  // Where a whole function is killed, its run is taken up again or its lease is lost.
  assert.ok(plan.kind === 'rehearsal' || childKilled > 0, seen);
  assert.ok(cooling > 0 && broke > 0, seen);
}
