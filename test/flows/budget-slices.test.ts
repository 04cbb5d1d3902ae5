/** Money that lies in slices: it comes home before anybody is refused, whoever is in the middle of a run. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Scope, scopesOf } from '../../shared/domain/budget.ts';
import { usdToMicros } from '../../shared/domain/money.ts';
import { type MapTable, mapTable } from '../../shared/memory/map-table.ts';
import type { Table } from '../../shared/ports/table.ts';
import { decodeInstance } from '../../shared/store/instance-item.ts';
import { deliverInTurn, interleave, openRace, resultOf } from './race-world.ts';

const RACES = Number(process.env.NOVA_RACES ?? 12);
const SEED = Number(process.env.NOVA_SEED ?? 1);
const HOLD = usdToMicros('0.10');
const LIMIT = usdToMicros('10.00');

/** The table as it is, with an eye on refusals: at the very moment of one, some scope must have nothing left for it. */
function watched(table: MapTable): Table & { readonly unjust: readonly string[] } {
  const unjust: string[] = [];
  let refused = 0;
  return {
    ...table,
    unjust,
    async transact(ops) {
      const result = await table.transact(ops);
      const fleet = instancesOf(table);
      const now = fleet.reduce((sum, { total }) => sum + total.refused, 0);
      if (result.ok && now > refused && !scopesIn(table).some((scope) => isBroke(table, scope))) {
        unjust.push(JSON.stringify([...table.items()].filter(({ pk }) => /^(BUDGET|FLEET)#/.test(pk))));
      }
      refused = now;
      return result;
    },
  };
}

const instancesOf = (table: MapTable) =>
  [...table.items()].filter(({ pk, sk }) => pk.startsWith('FLEET#') && !sk.endsWith('EARN')).map(decodeInstance);

const scopesIn = (table: MapTable): Scope[] =>
  [...table.items()].filter(({ pk }) => pk.startsWith('BUDGET#')).map(({ pk }) => pk.slice('BUDGET#'.length));

/** Less than a hold available, and no idle instance keeps any. */
function isBroke(table: MapTable, scope: Scope): boolean {
  const budget = [...table.items()].find(({ pk }) => pk === `BUDGET#${scope}`);
  const idle = instancesOf(table).filter(({ run, agentId }) => run === null && scopesOf(agentId).includes(scope));
  return Number(budget?.available) < HOLD && idle.every(({ slice }) => slice.availableMicros === 0);
}

for (const { what, agents, instances, scope } of [
  { what: 'four agents on the budget of the fleet', agents: 4, instances: 1, scope: 'fleet' },
  { what: 'four instances on the budget of their agent', agents: 1, instances: 4, scope: 'agent:racer-0' },
]) {
  for (const actual of ['0.10', '0.07', '0.03']) {
    test(`${what}, $${actual} a run: not a cent idles and nobody is refused too early (seed ${SEED})`, async () => {
      const actualMicros = usdToMicros(actual);
      for (let seed = SEED; seed < SEED + RACES; seed++) {
        const table = watched(mapTable());
        const race = await openRace(table, { agents, instances, holdMicros: HOLD, actualMicros });
        await race.limit(scope, LIMIT);
        // Slices grow with the runs of a day.
        for (let round = 0; round < 5; round++) await deliverInTurn(race, race.nextTicks());
        // In half of the races one alone goes on from some round: what the others have in their slices is his.
        const lonely = seed % 2 === 0;
        for (let round = 0; lonely && round < seed % 16; round++)
          await interleave(race, race.nextTicks(), seed + round);
        let before = -1;
        for (let now = 0; now !== before; ) {
          before = now;
          for (let round = 0; round < 4; round++) {
            await interleave(race, race.nextTicks().slice(0, lonely ? 1 : 4), seed * 1000 + round);
          }
          now = (await resultOf(race)).spent;
        }
        assert.deepEqual(table.unjust, [], `seed ${seed}`);
        const { micros } = await resultOf(race);
        assert.ok(micros <= LIMIT && LIMIT - micros < HOLD, `seed ${seed}: spent ${micros} of ${LIMIT}`);
      }
    });
  }
}
