/** What must hold after every operation, and what must hold when everything has come to rest. */
import { scopesOf } from '../../shared/domain/budget.ts';
import type { Instance } from '../../shared/domain/instance.ts';
import { decodeInstance, decodeRecord, decodeTally } from '../../shared/store/instance-item.ts';
import type { History } from './history.ts';

class Broken extends Error {}

function instancesOf({ table }: History): Instance[] {
  return [...table.items()].filter(({ pk, sk }) => pk.startsWith('FLEET#') && !sk.endsWith('EARN')).map(decodeInstance);
}

/** available + Σ (slices + held + sent + spent) = limit, for every scope and period. */
export function checkStep(history: History): void {
  const items = [...history.table.items()];
  const instances = instancesOf(history);
  for (const budget of items.filter(({ pk }) => pk.startsWith('BUDGET#'))) {
    const scope = budget.pk.slice('BUDGET#'.length);
    const period = budget.sk.split('#')[1] ?? '';
    const here = instances.filter(({ agentId, slice }) => scopesOf(agentId).includes(scope) && slice.period === period);
    const inUse = here.reduce(
      (sum, instance) =>
        sum + instance.slice.availableMicros + (instance.run?.holdMicros ?? 0) + instance.day.costMicros,
      0,
    );
    const days = items.filter(
      (item) => item.pk.startsWith('DAY#') && item.date === period && scopesOf(String(item.agentId)).includes(scope),
    );
    const closed = days.reduce((sum, { t }) => sum + decodeTally(t).costMicros, 0);
    const total = Number(budget.available) + inUse + closed;
    if (total > Number(budget.limit))
      fail(history, `${scope} ${period}: ${total} in use of a limit of ${Number(budget.limit)}`);
    if (Number(budget.available) < 0) fail(history, `${scope} ${period}: ${Number(budget.available)} available`);
  }
}

/** Every slot recorded once, nothing leased, and the records cost at least what the provider was really asked for. */
export function checkFinal(history: History): { recorded: number; refused: number } {
  const leased = instancesOf(history).filter(({ run }) => run);
  if (leased.length > 0) fail(history, `${leased.length} instances are still leased`);
  const seen = new Map<string, { outcome: string; costMicros: number }>();
  for (const { id, text } of recordsOf(history)) {
    const { outcome, costMicros } = decodeRecord(text);
    if (seen.has(id)) fail(history, `${id} is recorded twice`);
    seen.set(id, { outcome, costMicros });
  }
  for (const item of history.table.items()) if (item.pk.startsWith('LATE#')) note(history, seen, String(item.id));
  const expected = history.ticks.length;
  if (seen.size !== expected) fail(history, `${seen.size} of ${expected} slots are recorded`);
  const booked = [...seen.values()].reduce((sum, { costMicros }) => sum + costMicros, 0);
  if (booked < history.provider.micros)
    fail(history, `the provider was asked for ${history.provider.micros}, booked are ${booked}`);
  const refused = [...seen.values()].filter(({ outcome }) => outcome === 'refused').length;
  return { recorded: seen.size, refused };
}

function note(history: History, seen: Map<string, { outcome: string; costMicros: number }>, id: string): void {
  const slot = id;
  if (seen.has(slot)) fail(history, `${slot} ran and is refused as late`);
  seen.set(slot, { outcome: 'refused', costMicros: 0 });
}

function recordsOf({ table }: History): { id: string; text: string }[] {
  const found = new Map<string, Set<string>>();
  const out: { id: string; text: string }[] = [];
  const add = (owner: string, texts: readonly string[], journal: boolean): void => {
    const known = found.get(owner) ?? new Set<string>();
    found.set(owner, known);
    for (const text of texts) {
      // A full journal is in its page and on the instance until the next end: the same bytes, one record.
      if (journal && known.has(text)) continue;
      known.add(text);
      out.push({ id: `${owner}.${text.split(',')[0]}`, text });
    }
  };
  const items = [...table.items()];
  for (const { pk, runs } of items.filter((item) => item.pk.startsWith('RUN#'))) {
    const [, agentId = '', n = ''] = pk.split('#');
    add(`${agentId}.${Number(n)}`, runs as string[], false);
  }
  for (const { sk, j } of items.filter((item) => item.pk.startsWith('FLEET#') && !item.sk.endsWith('EARN'))) {
    const [agentId = '', n = ''] = sk.split('#');
    add(`${agentId}.${Number(n)}`, j as string[], true);
  }
  return out;
}

function fail({ seed }: History, problem: string): never {
  throw new Broken(`seed ${seed}: ${problem}`);
}
