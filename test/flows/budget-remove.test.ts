/** A limit is taken away, and set again, while others claim under it: nothing is lost, nothing is given twice. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agentScope, isLine, type Line, usdDay } from '../../shared/domain/budget.ts';
import { stillClock } from '../../shared/memory/clock.ts';
import { dice } from '../../shared/memory/dice.ts';
import { mapTable } from '../../shared/memory/map-table.ts';
import type { Table } from '../../shared/ports/table.ts';
import { systemHashing } from '../../shared/runtime/hashing.ts';
import { getBudget, getLimitOf } from '../../shared/store/budget-store.ts';
import { pastBudgets } from '../../shared/store/budget-view.ts';
import { listFleet } from '../../shared/store/instance-store.ts';
import { removeLimit, setLimit } from '../../shared/store/limit-store.ts';
import { Crash, crashingTable } from '../fixtures/fleet-world.ts';
import { Turns } from '../simulation/turns.ts';
import { checkTallies, readBooks } from './exact-books.ts';
import { deliverAll, openRace, type Race } from './race-world.ts';

const SEEDS = Number(process.env.NOVA_RACES ?? 40);
const SEED = Number(process.env.NOVA_SEED ?? 1);
const HOLD = 100_000;
const COST = 70_001;
const DAY = '2026-11-20';
const MONTH: Line = { scope: 'fleet', kind: 'usd', per: 'month' };
const RUNS: Line = { scope: 'fleet', kind: 'runs', per: 'lifetime' };

const portsOn = (table: Table) => {
  const settings = { timezone: 'UTC' } as never;
  return { table, time: stillClock(Date.UTC(2026, 10, 20, 8)), hashing: systemHashing, settings };
};
const wanted = (line: Line, limitMicros: number) => ({ ...line, limitMicros, throttled: false });
const race = (agents = 6) => openRace(mapTable(), { agents, instances: 2, holdMicros: HOLD, actualMicros: COST });

/** Every budget that still holds adds up; who goes by which limit is what the limits say. */
async function exact(table: Table, lines: readonly Line[]): Promise<void> {
  const fleet = await listFleet(table);
  checkTallies(await readBooks(table));
  const agents = [...new Set(fleet.map(({ agentId }) => agentId))].map((id) => usdDay(agentScope(id)));
  for (const line of [usdDay('fleet'), ...agents, ...lines]) {
    const under = fleet.filter(({ agentId }) => line.scope === 'fleet' || line.scope === agentScope(agentId));
    const budget = await getBudget(table, line, line.per === 'day' ? DAY : line.per === 'month' ? '2026-11' : 'ever');
    if (!budget) continue;
    const used = under.reduce((sum, { slice, day, run }) => {
      assert.equal(run, null);
      if (line.kind === 'runs') return sum + slice.others.runs + day.runs;
      return sum + slice.availableMicros + day.costMicros;
    }, 0);
    assert.equal(budget.availableMicros + used, budget.limitMicros, `${line.scope} ${line.kind}-${line.per}`);
  }
}

const noneGoesBy = async (table: Table, line: Line): Promise<void> => {
  for (const { slice, agentId } of await listFleet(table))
    assert.ok(!slice.lines.some((known) => isLine(known, line)), `${agentId} still goes by it`);
};

/** Ticks and acts, an operation at a time; the dice say whose turn it is. */
async function play(open: Race, seed: number, acts: readonly ((table: Table) => Promise<unknown>)[]): Promise<void> {
  const turns = new Turns(dice(seed));
  turns.faults = false;
  const gated = turns.gate(open.table, () => {});
  let ticks = new Set([...open.nextTicks(), ...open.nextTicks()]);
  let first = true;
  for (let round = 0; ticks.size > 0; round++) {
    assert.ok(round < 30, `seed ${seed}: ${ticks.size} messages do not come to an end`);
    const again = new Set(ticks);
    for (const tick of ticks) turns.start(async () => void ((await open.deliver(tick, gated)) && again.delete(tick)));
    if (first) for (const act of acts) turns.start(async () => void (await act(gated)));
    first = false;
    while (!turns.idle()) await turns.step();
    ticks = again;
  }
}

for (const line of [MONTH, RUNS]) {
  const amount = (runs: number): number => (line.kind === 'usd' ? runs * HOLD : runs);

  test(`a limit of ${line.kind} per ${line.per} removed under concurrent claims: all books exact, in ${SEEDS} interleavings`, async () => {
    for (let seed = SEED; seed < SEED + SEEDS; seed++) {
      const open = await race();
      await setLimit(portsOn(open.table), wanted(line, amount(5)), 'cli:tester');
      await play(open, seed, [(table) => removeLimit(portsOn(table), line, 'cli:tester')]);
      await noneGoesBy(open.table, line);
      await exact(open.table, []);
      const before = open.provider.calls;
      await deliverAll(open, open.nextTicks());
      assert.equal(open.provider.calls - before, 12, 'nobody is refused any more');
    }
  });

  test(`a limit of ${line.kind} per ${line.per} removed and set again under concurrent claims counts all once, in ${SEEDS} interleavings`, async () => {
    for (let seed = SEED; seed < SEED + SEEDS; seed++) {
      const open = await race();
      await setLimit(portsOn(open.table), wanted(line, amount(5)), 'cli:tester');
      const again = async (table: Table) => {
        await removeLimit(portsOn(table), line, 'cli:tester');
        await setLimit(portsOn(table), wanted(line, amount(30)), 'cli:tester');
      };
      await play(open, seed, [again]);
      await exact(open.table, [line]);
      for (let n = 0; n < 4; n++) await deliverAll(open, open.nextTicks());
      await exact(open.table, [line]);
      const used = line.kind === 'usd' ? open.provider.micros : open.provider.calls;
      assert.ok(used <= amount(30) && used > amount(30) - amount(1), `seed ${seed}: ${used} used`);
    }
  });
}

test('dying before or after any write of a removal: said again it is done, and set again it counts once', async () => {
  let crashes = 0;
  for (let write = 1; write < 60; write++) {
    for (const when of ['before', 'after'] as const) {
      const open = await race(3);
      await setLimit(portsOn(open.table), wanted(MONTH, 20 * HOLD), 'cli:tester');
      await deliverAll(open, open.nextTicks());
      const died = await removeLimit(portsOn(crashingTable(open.table, { write, when })), MONTH, 'cli:tester').then(
        () => false,
        (thrown) => {
          if (!(thrown instanceof Crash)) throw thrown;
          return true;
        },
      );
      if (died) crashes++;
      // Whoever claims under what is half gone lets go of it; or nobody claims meanwhile.
      if (write % 2 === 0) await deliverAll(open, open.nextTicks());
      await exact(open.table, []);
      await setLimit(portsOn(open.table), wanted(MONTH, 20 * HOLD), 'cli:tester');
      await exact(open.table, [MONTH]);
      await deliverAll(open, open.nextTicks());
      await exact(open.table, [MONTH]);
    }
  }
  assert.ok(crashes > 12, `${crashes} crashes`);
});

test('what it was stays in its history, and what nobody has set cannot be removed', async () => {
  const open = await race(2);
  const ports = portsOn(open.table);
  await assert.rejects(removeLimit(ports, MONTH, 'cli:tester'), { code: 'not_found' });
  await setLimit(ports, wanted(MONTH, 20 * HOLD), 'cli:tester');
  await deliverAll(open, open.nextTicks());
  assert.equal((await removeLimit(ports, MONTH, 'cli:tester')).limitMicros, 20 * HOLD);
  await assert.rejects(removeLimit(ports, MONTH, 'cli:tester'), { code: 'not_found' });
  const [kept] = await pastBudgets(open.table, MONTH);
  assert.deepEqual([kept?.limitMicros, kept?.usedMicros], [20 * HOLD, 4 * COST]);
  assert.equal((await getLimitOf(open.table, MONTH)).removed, true);
});
