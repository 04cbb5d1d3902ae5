/** Channels: what is there without anybody adding it, and what people added. No secret is ever in one. */
import { BUILT_IN, CHANNEL_KINDS, type Channel, type ChannelKind, checkedChannel } from '../domain/alert/channel.ts';
import { NovaError } from '../domain/error.ts';
import type { Item, Table, Value } from '../ports/table.ts';
import { channelKey, channelsPk } from './keys.ts';
import { queryAll } from './query-all.ts';

/** Built-in ones first; one that was taken away is left out. */
export async function listChannels(table: Table): Promise<Channel[]> {
  const items = await queryAll(table, { pk: channelsPk });
  const byName = new Map(items.map((item) => [item.sk, item]));
  const built = BUILT_IN.flatMap((channel) => {
    const item = byName.get(channel.name);
    return item?.off === true ? [] : [{ ...channel, problem: String(item?.problem ?? '') }];
  });
  const added = items.filter(({ sk }) => !BUILT_IN.some(({ name }) => name === sk)).map(decodeChannel);
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
    problem: String(item.problem ?? ''),
  };
}

/** @throws NovaError bad_input, conflict when there is one of that name. */
export async function addChannel(table: Table, channel: Channel): Promise<Channel> {
  const { name, quiet, ...rest } = checkedChannel(channel);
  if (BUILT_IN.some((one) => one.name === name)) throw new NovaError('conflict', `"${name}" is there already`);
  const hours: Value = quiet && [quiet.fromMinute, quiet.toMinute];
  const item = { ...channelKey(name), v: 1, ...rest, quiet: hours };
  const { ok } = await table.write({ op: 'put', item, if: [{ attr: 'pk', op: 'missing' }] });
  if (!ok) throw new NovaError('conflict', `there is a channel "${name}" already; remove it first`);
  return channel;
}

/** A built-in one can be taken away as well; adding back is `restoreChannel`. @throws NovaError not_found. */
export async function removeChannel(table: Table, name: string): Promise<Channel> {
  const channel = await getChannel(table, name);
  if (!channel) throw new NovaError('not_found', `there is no channel "${name}"`);
  const key = channelKey(name);
  if (BUILT_IN.some((one) => one.name === name)) await table.write({ op: 'update', key, set: { v: 1, off: true } });
  else await table.write({ op: 'delete', key });
  return channel;
}

/** A built-in channel that was taken away is there again. */
export async function restoreChannel(table: Table, name: string): Promise<void> {
  await table.write({ op: 'delete', key: channelKey(name) });
}

/** Why it could not be used; '' when it could. Writes only what is new. */
export async function noteProblem(table: Table, { name, problem: before }: Channel, problem: string): Promise<void> {
  if (before === problem) return;
  const there = BUILT_IN.some((one) => one.name === name) ? [] : [{ attr: 'pk', op: 'exists' } as const];
  await table.write({ op: 'update', key: channelKey(name), if: there, set: { problem: problem.slice(0, 300) } });
}
