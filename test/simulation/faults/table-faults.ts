/** F18 to F26: what a table and a clock do to those who rely on them. */

import type { Item } from '../../../shared/ports/table.ts';
import { isTransaction, mayRepeat, opsOf, unavailable } from './asks.ts';
import { START } from './cloud.ts';
import type { Fault } from './fault.ts';
import type { Ask } from './machines.ts';
import type { Play } from './play.ts';

const MINUTE = 60_000;
/** At two in the morning of the first of November New York's clocks go back to one. */
const CLOCKS_GO_BACK = Date.UTC(2026, 10, 1, 6);

const isIndexQuery = ({ about }: Ask): boolean =>
  about.port === 'table' && about.call.method === 'query' && about.call.query.index !== undefined;
const isOutboxDelete = (ask: Ask): boolean => opsOf(ask).some((op) => op.op === 'delete' && op.key.pk === 'OUTBOX');

export const TABLE_FAULTS: readonly Fault[] = [
  {
    ...{ id: 'F18', name: 'the table throttles for longer than an adapter tries', keeps: ['money', 'ended', 'final'] },
    meets: {
      chance: 0.015,
      fits: ({ about }) => about.port === 'table',
      strike: (ask, { cloud }) => cloud.machines.refuse(ask, unavailable('the table throttles')),
    },
  },
  {
    ...{
      id: 'F19',
      name: 'a write is done and its answer lost',
      keeps: ['money', 'once', 'ledger', 'trail', 'decided'],
    },
    meets: {
      chance: 0.06,
      fits: mayRepeat,
      async strike(ask, { cloud, throws }) {
        if (throws.chance(0.5)) cloud.machines.echo(ask, 0);
        else await cloud.machines.lose(ask, unavailable('the table did not answer in time'));
      },
    },
  },
  {
    ...{ id: 'F20', name: 'a transaction meets others on its items, again and again', keeps: ['money', 'ended'] },
    meets: {
      chance: 0.1,
      fits: isTransaction,
      strike: (ask, { cloud }) => cloud.machines.refuse(ask, unavailable('a transaction is in progress on an item')),
    },
  },
  {
    ...{
      id: 'F21',
      rare: true,
      name: 'a transaction is repeated when its token is forgotten',
      keeps: ['money', 'once', 'trail', 'ledger'],
    },
    meets: {
      chance: 0.05,
      fits: (ask) => isTransaction(ask) && mayRepeat(ask) && ask.machine.frozenUntil === 0,
      strike(ask, { cloud }) {
        cloud.machines.echo(ask, 11 * MINUTE);
        ask.machine.frozenUntil = cloud.clock.now() + 11 * MINUTE;
      },
    },
  },
  {
    ...{
      id: 'F22',
      name: 'an index, a budget, a limit or the policy is read as it was',
      keeps: ['money', 'decided', 'ended', 'hops'],
    },
    meets: {
      chance: 0.5,
      fits: (ask, { cloud }) => (isIndexQuery(ask) && differs(ask, cloud)) || wasOtherwise(ask, cloud) !== undefined,
      async strike(ask, { cloud }) {
        const was = wasOtherwise(ask, cloud);
        if (was) return await cloud.machines.reply(ask, was);
        const query = queryOf(ask);
        await cloud.machines.reply(ask, { items: query ? (cloud.shown.get(query.pk)?.items ?? []) : [], cursor: null });
      },
    },
  },
  {
    // There is no TTL in this system; the nearest: what has expired stays readable, because nobody has cleared it yet.
    ...{
      id: 'F23',
      name: 'what has expired is cleared a quarter of an hour late',
      keeps: ['fenced', 'money', 'decided'],
    },
    strikes({ platform }) {
      platform.delaySweep(15 * MINUTE);
      return true;
    },
  },
  {
    // There are no streams; the nearest: an outbox message is published twice, late, and after younger ones.
    ...{ id: 'F24', name: 'an outbox message is published twice, late and out of order' },
    keeps: ['follows', 'ledger', 'decided', 'ended'],
    meets: {
      chance: 0.3,
      fits: isOutboxDelete,
      strike: (ask, { cloud }) => cloud.machines.refuse(ask, unavailable('the table cannot be reached')),
    },
  },
  {
    ...{
      id: 'F25',
      name: 'the table is restored as it was ten minutes ago',
      keeps: ['killed', 'money', 'ended'],
      times: 1,
    },
    strikes: (play) => play.throws.chance(0.4) && restored(play),
  },
  {
    ...{
      id: 'F26',
      name: 'clocks differ by five minutes, jump back at work, and are set back an hour',
      keeps: ['money', 'once', 'provider'],
    },
    times: 3,
    async strikes({ cloud, platform, watch, throws }) {
      const working = cloud.machines.alive();
      if (watch.skewed && working.length > 0 && throws.chance(0.5)) {
        throws.pick(working).skewMs -= throws.below(5 * MINUTE);
        return true;
      }
      if (platform.skewMs === 0) {
        platform.skewMs = 5 * MINUTE;
        watch.skewed = true;
        return true;
      }
      if (cloud.clock.now() > CLOCKS_GO_BACK) return false;
      cloud.clock.set(CLOCKS_GO_BACK - 2 * MINUTE);
      await platform.due();
      return true;
    },
  },
];

function queryOf({ about }: Ask) {
  return about.port === 'table' && about.call.method === 'query' ? about.call.query : null;
}

/** What was read by its key before it last changed. Reads are strong, so this is more than DynamoDB would do. */
function wasOtherwise({ about }: Ask, { was }: Play['cloud']): Item | undefined {
  if (about.port !== 'table' || about.call.method !== 'get') return undefined;
  return was.get(`${about.call.key.pk} ${about.call.key.sk}`);
}

/** What it showed last is not what it is now. */
function differs(ask: Ask, { shown, table }: Play['cloud']): boolean {
  const query = queryOf(ask);
  const before = query && shown.get(query.pk)?.items;
  if (!before) return false;
  const now = table.query(query).items;
  return before.length !== now.length || before.some((item, at) => item !== now[at]);
}

/** A new table takes over: with the kill switch on, because nobody knows what was spent since. */
async function restored(play: Play): Promise<boolean> {
  const { cloud, platform, people, wrong } = play;
  for (const machine of cloud.machines.alive()) cloud.machines.kill(machine);
  cloud.machines.waiting.length = 0;
  cloud.forget();
  play.restore(Math.max(START, cloud.clock.now() - 10 * MINUTE));
  // What had been claimed or closed since is not known any more, and its message may be gone.
  const lost = (agentId: string, instance: number, slot: string): boolean =>
    !cloud.books.isClosed(agentId, instance, slot);
  platform.forgetTicks(lost);
  play.notes.delete('sales');
  play.watch.mayNotSpend = true;
  if (wrong.restoresOpen) return true;
  await people.kill('fleet');
  while (!play.watch.acked.has('fleet')) {
    const ask = cloud.machines.pick();
    if (!ask) return true;
    await play.answer(ask);
  }
  play.watch.mayNotSpend = false;
  return true;
}
