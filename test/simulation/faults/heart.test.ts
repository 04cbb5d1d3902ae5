/**
 * A heart that is no longer heard, on the whole simulated platform: how long until the run is a crash, and how long until it
 * is at work again. Promised are two minutes and three. That nobody works twice at once is watched at every commit.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ticketOf } from '../../../shared/jobs/launch-run.ts';
import { dice } from '../../../shared/memory/dice.ts';
import type { Item } from '../../../shared/ports/table.ts';
import type { Machine } from './machines.ts';
import { Play } from './play.ts';
import { stageOf } from './stage.ts';

const SECOND = 1_000;
const MINUTE = 60_000;
const CRASHED_MS = 120 * SECOND;
const RESTARTED_MS = 180 * SECOND;
const SEEDS = 60;

type Whom = { readonly agentId: string; readonly number: number };
/** `mute`: it works on unheard; `frozen`: it stands still for an hour, and then goes on as if nothing had been. */
type How = 'mute' | 'frozen';

function itemOf({ cloud }: Play, { agentId, number }: Whom): Item {
  const key = `${agentId}#${String(number).padStart(3, '0')}`;
  return [...cloud.table.items()].find(({ pk, sk }) => pk.startsWith('FLEET#') && sk === key) ?? assert.fail(key);
}

/** Whose run a machine works on. */
function whomOf({ cloud, platform }: Play, machine: Machine): Whom | null {
  const task = cloud.cluster.running().find((one) => one.machine === machine);
  if (task) return ticketOf(task.environment);
  const [delivery] = platform.inHand.get(machine)?.deliveries ?? [];
  const message = delivery ? (JSON.parse(delivery.body) as { agentId?: string; instance?: number }) : {};
  return message.agentId === undefined ? null : { agentId: message.agentId, number: message.instance ?? 0 };
}

/** Some machine that holds a run, at some moment of a history in which nothing else goes wrong; null when the money is used up before. */
async function atWork(play: Play, inTask: boolean): Promise<{ machine: Machine; whom: Whom } | null> {
  for (let tries = 0; tries < 300; tries++) {
    await play.pass(play.throws.below(8_000));
    const { machines, cluster } = play.cloud;
    const held = machines.hearts().flatMap((machine) => {
      const whom = whomOf(play, machine);
      const isTask = cluster.running().some((task) => task.machine === machine);
      return whom && whom.agentId !== 'bob' && isTask === inTask && itemOf(play, whom).ho !== undefined
        ? [{ machine, whom }]
        : [];
    });
    if (held.length > 0) return play.throws.pick(held);
  }
  return null;
}

/** `restartedMs` is null where the run had paid: it is recorded, and what comes next is another run. */
async function lose(seed: number, { inTask, how }: { readonly inTask: boolean; readonly how: How }) {
  const play = new Play(seed, await stageOf(60), {});
  await play.pass(dice(seed).below(20) * MINUTE);
  const found = await atWork(play, inTask);
  if (!found) return [];
  const { machine, whom } = found;
  const before = itemOf(play, whom);
  if (how === 'mute') {
    machine.mute = true;
    for (const ask of play.cloud.machines.waiting) if (ask.machine === machine) ask.notBefore += 60 * MINUTE;
  } else machine.frozenUntil = play.cloud.clock.now() + 60 * MINUTE;
  let crashedMs: number | null = null;
  for (let ms = SECOND; ms <= 10 * MINUTE; ms += SECOND) {
    await play.pass(SECOND);
    play.check();
    const now = itemOf(play, whom);
    if (crashedMs === null && (now.ho === undefined || now.f !== before.f)) crashedMs = ms;
    if (crashedMs === null) continue;
    const goesOn = now.sl === before.sl || whom.agentId === 'dot';
    const isBack = now.f !== before.f && now.ho !== undefined && String(now.ho).startsWith('task:') === inTask;
    if (isBack && goesOn) return [{ whom, crashedMs, restartedMs: ms }];
    const isOpen = Object.keys((now.tr ?? {}) as object).includes(String(before.sl));
    if (!isOpen && whom.agentId !== 'dot' && now.sl !== before.sl) return [{ whom, crashedMs, restartedMs: null }];
  }
  return assert.fail(`seed ${seed}: ${whom.agentId} never came back (crashed after ${crashedMs} ms)`);
}

for (const inTask of [false, true])
  for (const how of ['mute', 'frozen'] as const)
    test(`the heart of a ${inTask ? 'task' : 'function'} is lost (${how}): a crash within 120 s, at work again within 180 s`, async (t) => {
      const all = [];
      for (let seed = 1; seed <= SEEDS; seed++) all.push(...(await lose(seed, { inTask, how })));
      const crashed = Math.max(...all.map(({ crashedMs }) => crashedMs));
      const back = all.flatMap(({ restartedMs }) => (restartedMs === null ? [] : [restartedMs]));
      const who = Object.entries(Object.groupBy(all, ({ whom }) => whom.agentId)).map(
        ([name, some]) => `${name} ${some?.length}`,
      );
      t.diagnostic(
        `crashed after ${crashed / 1000} s at most, back after ${Math.max(...back) / 1000} s (${back.length} of ${all.length}): ${who.join(', ')}`,
      );
      assert.ok(crashed <= CRASHED_MS, `${crashed} ms`);
      assert.ok(back.length >= 10, 'too few came back to say anything');
      assert.ok(Math.max(...back) <= RESTARTED_MS, `${Math.max(...back)} ms`);
    });
