/** Channels: what is there without anybody adding it, and what people added. No secret is ever in one. */
import {
  BUILT_IN,
  CHANNEL_KINDS,
  type Channel,
  type ChannelKind,
  checkedChannel,
  TROUBLE_MS,
} from '../domain/alert/channel.ts';
import type { Actor, AuditEntry } from '../domain/audit.ts';
import { NovaError } from '../domain/error.ts';
import type { Item, Table, Value } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { audited, headIs, headOf } from './audit-store.ts';
import { committed } from './commit.ts';
import { channelKey, channelsPk } from './keys.ts';
import { queryAll } from './query-all.ts';

const isBuiltIn = (name: string): boolean => BUILT_IN.some((one) => one.name === name);
const isGone = (item: Item | null | undefined): boolean => item?.off === true;

/** Built-in ones first; one that was taken away is left out. */
export async function listChannels(table: Table): Promise<Channel[]> {
  const items = await queryAll(table, { pk: channelsPk });
  const byName = new Map(items.map((item) => [item.sk, item]));
  const built = BUILT_IN.flatMap((channel) => {
    const item = byName.get(channel.name);
    return isGone(item) ? [] : [{ ...channel, ...healthOf(item) }];
  });
  const added = items.filter((item) => !isBuiltIn(item.sk) && !isGone(item)).map(decodeChannel);
  return [...built, ...added];
}

export async function getChannel(table: Table, name: string): Promise<Channel | null> {
  return (await listChannels(table)).find((channel) => channel.name === name) ?? null;
}

function decodeChannel(item: Item): Channel {
  const kind = String(item.kind) as ChannelKind;
  if (!CHANNEL_KINDS.includes(kind)) throw new NovaError('corrupt', `the channel ${item.sk} is of no kind`);
  const [fromMinute, toMinute] = Array.isArray(item.quiet) ? item.quiet.map(Number) : [];
  return {
    ...{ name: item.sk, kind, to: String(item.to), account: String(item.account), from: String(item.from) },
    severity: item.severity === 'critical' ? 'critical' : 'warning',
    quiet: fromMinute === undefined || toMinute === undefined ? null : { fromMinute, toMinute },
    standsBehind: item.standsBehind === true,
    inside: item.inside === true,
    ...healthOf(item),
  };
}

const healthOf = (item: Item | undefined): Pick<Channel, 'problem' | 'failingSince'> => ({
  problem: String(item?.problem ?? ''),
  ...(typeof item?.failingSince === 'number' ? { failingSince: item.failingSince } : {}),
});

type Ports = Pick<World, 'table' | 'time' | 'hashing'>;
const TRIES = 8;

/** @throws NovaError bad_input, conflict when there is one of that name. */
export async function addChannel(world: Ports, channel: Channel, actor: Actor): Promise<Channel> {
  const { name, quiet, problem: _, failingSince: __, ...rest } = checkedChannel(channel);
  if (isBuiltIn(name)) throw new NovaError('conflict', `"${name}" is there already`);
  const hours: Value = quiet && [quiet.fromMinute, quiet.toMinute];
  await change(world, name, (item) => {
    if (item && !isGone(item)) throw new NovaError('conflict', `there is a channel "${name}" already; remove it first`);
    const { kind, severity, standsBehind, inside, to } = rest;
    const details = {
      kind,
      to,
      severity,
      standsBehind,
      inside,
      quiet: quiet && `${quiet.fromMinute}-${quiet.toMinute}`,
    };
    const record = { actor, action: 'channel.added', details };
    return { ...record, set: { v: 1, ...rest, quiet: hours, problem: '' }, remove: ['off'] };
  });
  return channel;
}

/** A built-in one can be taken away as well; adding back is `restoreChannel`. @throws NovaError not_found. */
export async function removeChannel(world: Ports, name: string, actor: Actor): Promise<Channel> {
  const channel = await getChannel(world.table, name);
  if (!channel) throw new NovaError('not_found', `there is no channel "${name}"`);
  const { kind, to } = channel;
  const record = { actor, action: 'channel.removed', details: { kind, to } };
  // What is left of it holds its chain.
  const settings = ['kind', 'to', 'account', 'from', 'severity', 'quiet', 'standsBehind', 'inside'];
  const remove = [...settings, 'problem', 'failingSince'];
  await change(world, name, (item) => (isGone(item) ? null : { ...record, set: { v: 1, off: true }, remove }));
  return channel;
}

/** A built-in channel that was taken away is there again. */
export async function restoreChannel(world: Ports, name: string, actor: Actor): Promise<void> {
  const record = { actor, action: 'channel.restored', details: {} };
  await change(world, name, (item) => (isGone(item) ? { ...record, set: { v: 1 }, remove: ['off'] } : null));
}

type ChannelChange = Pick<AuditEntry, 'actor' | 'action' | 'details'> & {
  readonly set: { readonly [attr: string]: Value };
  readonly remove: readonly string[];
};

/** The channel and its record, in one transaction; null: there is nothing to change. @throws NovaError conflict. */
async function change(
  { table, time, hashing }: Ports,
  name: string,
  changeOf: (item: Item | null) => ChannelChange | null,
): Promise<void> {
  const key = channelKey(name);
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const item = await table.get(key);
    const wanted = changeOf(item);
    if (!wanted) return;
    const { set, remove, ...entry } = wanted;
    const { record, head } = audited(hashing, headOf(item), { at: time.now(), entity: `channel:${name}`, ...entry });
    // One that was added before there were records of it has none, and is pinned by being there.
    const there = { attr: 'pk', op: item ? 'exists' : 'missing' } as const;
    const update = { op: 'update', key, if: [there, headIs(head)], set: { ...set, ...head }, remove } as const;
    if (await committed(table, [update, record], head.auditHash)) return;
  }
  throw new NovaError('conflict', `the channel ${name} is being changed by somebody else; try again`);
}

/** Why it could not be used; '' when it could. Writes only what is new. */
export async function noteProblem(table: Table, channel: Channel, problem: string): Promise<void> {
  if (channel.problem === problem && channel.failingSince === undefined) return;
  await note(table, channel, { set: { problem: problem.slice(0, 300) }, remove: ['failingSince'] });
}

/** It cannot be reached just now. That passes, as a rule; when it does not, it is its problem. */
export async function noteTrouble({ table, time }: Pick<World, 'table' | 'time'>, channel: Channel, why: string) {
  const { failingSince, problem } = channel;
  const now = time.now();
  if (failingSince === undefined) await note(table, channel, { set: { failingSince: now } });
  else if (problem === '' && now >= failingSince + TROUBLE_MS)
    await note(table, channel, { set: { problem: why.slice(0, 300) } });
}

type Note = { readonly set: { readonly [attr: string]: Value }; readonly remove?: readonly string[] };

async function note(table: Table, { name }: Channel, { set, remove = [] }: Note): Promise<void> {
  const there = isBuiltIn(name) ? [] : [{ attr: 'pk', op: 'exists' } as const];
  const here = [...there, { attr: 'off', op: 'missing' } as const];
  await table.write({ op: 'update', key: channelKey(name), if: here, set, ...(remove.length > 0 && { remove }) });
}
