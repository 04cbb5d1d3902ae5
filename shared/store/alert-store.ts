/** Alerts as items: raised once however often they are found, told once to each channel. Every write is conditional. */
import { type Alert, type AlertMove, type AlertState, alertId, type Told } from '../domain/alert/alert.ts';
import { isRule, RULES } from '../domain/alert/register.ts';
import { NovaError } from '../domain/error.ts';
import type { Condition, Item, Table, Update, Value } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { audited, headIs, headOf } from './audit-store.ts';
import { committed } from './commit.ts';
import { alertKey, alertsPk } from './keys.ts';
import { queryAll } from './query-all.ts';

type Ports = Pick<World, 'table' | 'time'>;

/** `say:<channel>:<told>`: until when somebody is telling it, or that it is told (or given up). */
const SAY = 'say:';
const DONE = 'done';

/** All that are or were, by rule and subject: few, and one query. What nobody knows any more is left out. */
export async function listAlerts(table: Table): Promise<Alert[]> {
  return (await queryAll(table, { pk: alertsPk })).flatMap((item) => decodeAlert(item) ?? []);
}

export async function getAlert(table: Table, id: string): Promise<Alert | null> {
  const item = await table.get(alertKey(id));
  return item && decodeAlert(item);
}

function decodeAlert(item: Item): Alert | null {
  const rule = String(item.rule);
  if (!isRule(rule)) return null;
  const marks = Object.keys(item).filter((name) => name.startsWith(SAY));
  const instant = (name: string): number | null => (typeof item[name] === 'number' ? item[name] : null);
  return {
    ...{ id: item.sk, rule, subject: String(item.subject), severity: RULES[rule].severity },
    state: String(item.state) as AlertState,
    episode: Number(item.episode),
    message: String(item.message),
    raisedAt: Number(item.raisedAt),
    ackedAt: instant('ackedAt'),
    ackedBy: String(item.ackedBy ?? ''),
    resolvedAt: instant('resolvedAt'),
    goneSince: instant('goneSince'),
    replaced: item.replaced === true,
    version: Number(item.version),
    told: marks.filter((name) => item[name] === DONE).map((name) => name.slice(SAY.length)),
    marks: marks.map((name) => name.slice(SAY.length)),
  };
}

/** False when somebody else has moved it since it was read. */
export async function moveAlert({ table, time }: Ports, move: AlertMove): Promise<boolean> {
  return (await table.write(updateOf(move, time.now()))).ok;
}

function updateOf(move: AlertMove, now: number): Update {
  if (move.do === 'raise') return raising(move, now);
  const { id, version } = move.alert;
  const pinned: Condition[] = [{ attr: 'version', op: '=', value: version }];
  const base = { op: 'update', key: alertKey(id), if: pinned } as const;
  if (move.do === 'go') return { ...base, set: { goneSince: now, version: version + 1 } };
  if (move.do === 'return') return { ...base, set: { version: version + 1 }, remove: ['goneSince'] };
  return {
    ...base,
    set: { state: 'resolved', resolvedAt: now, replaced: move.replaced, version: version + 1 },
    remove: ['goneSince'],
  };
}

function raising({ finding, before }: Extract<AlertMove, { do: 'raise' }>, now: number): Update {
  const { rule, subject, message } = finding;
  const set: { [attr: string]: Value } = {
    ...{ v: 1, rule, subject, state: 'open', message: message.slice(0, 1_000), raisedAt: now, replaced: false },
    ...{ episode: (before?.episode ?? 0) + 1, version: (before?.version ?? 0) + 1 },
  };
  const pinned: Condition = before
    ? { attr: 'version', op: '=', value: before.version }
    : { attr: 'pk', op: 'missing' };
  const stale = [
    'ackedAt',
    'ackedBy',
    'resolvedAt',
    'goneSince',
    ...(before?.marks ?? []).map((mark) => `${SAY}${mark}`),
  ];
  return {
    op: 'update',
    key: alertKey(alertId(rule, subject)),
    if: [pinned],
    set,
    ...(before ? { remove: stale } : {}),
  };
}

/**
 * A person takes it on, or says that it is over; what is still wrong then is raised anew by the next look.
 * @throws NovaError not_found, conflict when it is over already or kept changing.
 */
export async function answerAlert(
  { table, time, hashing }: Ports & Pick<World, 'hashing'>,
  id: string,
  answer: { readonly state: 'acked' | 'resolved'; readonly by: string },
): Promise<Alert> {
  for (let attempt = 0; attempt < 8; attempt++) {
    const alert = await getAlert(table, id);
    if (!alert) throw new NovaError('not_found', `there is no alert "${id}"`);
    if (alert.state === answer.state) return alert;
    if (alert.state === 'resolved') throw new NovaError('conflict', `the alert ${id} is over already`);
    const now = time.now();
    const acked = { ackedAt: now, ackedBy: answer.by };
    const changed = answer.state === 'acked' ? acked : { resolvedAt: now, ...(alert.ackedAt === null ? acked : {}) };
    const { record, head } = audited(hashing, headOf(await table.get(alertKey(id))), {
      ...{ at: now, actor: answer.by, action: `alert.${answer.state}`, entity: `alert:${id}` },
      details: { episode: alert.episode, severity: alert.severity, message: alert.message },
    });
    const set = { state: answer.state, ...changed, version: alert.version + 1 };
    const pinned = [{ attr: 'version', op: '=', value: alert.version } as const, headIs(head)];
    const update = { op: 'update', key: alertKey(id), if: pinned, set: { ...set, ...head } } as const;
    if (await committed(table, [update, record], head.auditHash)) return { ...alert, ...set };
  }
  throw new NovaError('conflict', `the alert ${id} is being changed by somebody else; try again`);
}

export type Telling = { readonly id: string; readonly episode: number; readonly channel: string; readonly told: Told };

const attrOf = ({ channel, told }: Telling): string => `${SAY}${channel}:${told}`;

/** `told`: nothing is to be done any more. `busy`: somebody is at it. */
export async function beginTelling(
  { table, time, settings }: Ports & { readonly settings: { readonly leaseSeconds: number } },
  telling: Telling,
): Promise<'yours' | 'told' | 'busy'> {
  const attr = attrOf(telling);
  const now = time.now();
  const { ok, item } = await table.write({
    op: 'update',
    key: alertKey(telling.id),
    if: [
      { attr: 'episode', op: '=', value: telling.episode },
      {
        any: [
          { attr, op: 'missing' },
          { attr, op: '<=', value: now },
        ],
      },
    ],
    // A lease: longer than a channel may take to answer.
    set: { [attr]: now + settings.leaseSeconds * 1000 },
  });
  if (ok) return 'yours';
  const current = item !== null && Number(item.episode) === telling.episode && item[attr] !== DONE;
  return current ? 'busy' : 'told';
}

/** It was said, or never will be. */
export async function endTelling({ table }: Ports, telling: Telling): Promise<void> {
  const same = { attr: 'episode', op: '=', value: telling.episode } as const;
  await table.write({ op: 'update', key: alertKey(telling.id), if: [same], set: { [attrOf(telling)]: DONE } });
}

/** It was not said: whoever gets the message next may. */
export async function giveUpTelling({ table }: Ports, telling: Telling): Promise<void> {
  const same = { attr: 'episode', op: '=', value: telling.episode } as const;
  await table.write({ op: 'update', key: alertKey(telling.id), if: [same], set: { [attrOf(telling)]: 0 } });
}
