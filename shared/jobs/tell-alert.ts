/** Work messages `tell-alert` and `test-channel`: one word to one channel, once however often the message comes. */
import { type Alert, type AlertText, type Told, textOf } from '../domain/alert/alert.ts';
import { type Channel, channelSecret } from '../domain/alert/channel.ts';
import { RULES, stageMark, todoFor } from '../domain/alert/register.ts';
import { FATES, messageOf, NovaError } from '../domain/error.ts';
import { noticeMail } from '../domain/mail-page.ts';
import type { World } from '../ports/world.ts';
import type { Call, Later } from '../runtime/job.ts';
import { beginTelling, endTelling, getAlert, giveUpTelling, type Telling } from '../store/alert-store.ts';
import { getChannel, noteProblem, noteTrouble } from '../store/channel-store.ts';
import type { DomainEvent } from '../wire/events.ts';
import type { WorkMessage } from '../wire/messages.ts';

export type TellPorts = Pick<World, 'table' | 'time' | 'settings' | 'mailer' | 'pager' | 'events' | 'log'>;
type Order = Extract<WorkMessage, { readonly kind: 'tell-alert' }>;
type Test = Extract<WorkMessage, { readonly kind: 'test-channel' }>;

/** Half a minute of trying again. After that the message goes: the next look sends another for what is still to be told. */
const TRIES = 5;

/**
 * Told at most once at a time and again only after a death in between, under the same id. A channel that cannot work is
 * given up for this word, one that cannot be reached is tried again by each look; both become an alert of their own.
 * @throws NovaError unavailable: the message comes back.
 */
export async function tellAlert(
  message: Order,
  ports: TellPorts,
  { receiveCount }: Pick<Call, 'receiveCount'>,
): Promise<Later | undefined> {
  const { alertId: id, episode, channel: name, told } = message;
  const telling: Telling = { id, episode, channel: name, told };
  const [alert, channel] = [await getAlert(ports.table, id), await getChannel(ports.table, name)];
  if (!alert || !channel || alert.episode !== episode) return undefined;
  const mine = await beginTelling(ports, telling);
  // Somebody else is telling it; if that one dies, this message tells it.
  if (mine === 'busy') return { laterSeconds: Math.ceil(ports.settings.leaseSeconds) + 1 };
  if (mine === 'told') return undefined;
  try {
    await tell(ports, channel, wordOf(ports, alert, told));
  } catch (thrown) {
    if (isPassing(thrown)) {
      await giveUpTelling(ports, telling);
      if (receiveCount < TRIES) throw thrown;
      ports.log.warn('a channel of alerts cannot be reached', { channel: name, why: messageOf(thrown) });
      await noteTrouble(ports, channel, messageOf(thrown));
      return undefined;
    }
    ports.log.error('a channel of alerts does not work', { channel: name, why: messageOf(thrown) });
    await noteProblem(ports.table, channel, messageOf(thrown));
    await endTelling(ports, telling);
    return undefined;
  }
  await endTelling(ports, telling);
  await noteProblem(ports.table, channel, '');
  return undefined;
}

const isPassing = (thrown: unknown): boolean => !(thrown instanceof NovaError) || FATES[thrown.code].retry !== 'never';

/** The answer stands on the channel: no problem, or which one. */
export async function testChannel({ channel: name, at }: Test, ports: TellPorts): Promise<void> {
  const channel = await getChannel(ports.table, name);
  if (!channel) return;
  const text = {
    subject: `${stageMark(ports.settings.stage)}a test of the channel ${name}`,
    text: 'If you can read this, alerts reach you here.',
  };
  const id = `channel.tested:${name}:${at}`;
  const iso = new Date(at).toISOString();
  const event: DomainEvent = {
    v: 1,
    id,
    type: 'channel.tested',
    stage: ports.settings.stage,
    at: iso,
    detail: { channel: name },
  };
  try {
    await tell(ports, channel, { ...text, event });
    await noteProblem(ports.table, channel, '');
  } catch (thrown) {
    await noteProblem(ports.table, channel, messageOf(thrown));
  }
}

type Word = AlertText & { readonly event: DomainEvent };

async function tell(ports: TellPorts, channel: Channel, { subject, text, event }: Word): Promise<void> {
  const { kind, name, to, account, from, inside } = channel;
  if (kind === 'bus') return await ports.events.put(event);
  if (kind === 'email') {
    const address = to || ports.settings.ownerEmail;
    return await ports.mailer.send({
      to: address,
      dedupKey: event.id.slice(0, 200),
      ...noticeMail({ subject, text }, address),
    });
  }
  return await ports.pager.page({
    id: event.id,
    kind,
    secret: channelSecret(name),
    to,
    account,
    from,
    inside,
    subject,
    text,
    event,
  });
}

function wordOf({ settings, time }: TellPorts, alert: Alert, told: Told): Word {
  const { id, rule, subject, severity, episode, message, raisedAt, resolvedAt } = alert;
  const iso = (ms: number): string => new Date(ms).toISOString();
  const detail = {
    ...{
      id,
      rule,
      subject,
      severity,
      episode,
      message,
      hurts: RULES[rule].hurts,
      todo: todoFor(rule, subject, settings.stage),
    },
    ...{ raisedAt: iso(raisedAt), resolvedAt: resolvedAt === null ? null : iso(resolvedAt) },
  };
  const event: DomainEvent = {
    ...{ v: 1, id: `alert.${told}:${id}:${episode}`, type: `alert.${told}`, stage: settings.stage },
    ...{ at: iso(time.now()), detail },
  };
  return { ...textOf(alert, told, settings.stage), event };
}
