/** Where alerts are told: who wants to hear what, and when they want to sleep. */
import { NovaError } from '../error.ts';
import { type Alert, type Told, wordOf } from './alert.ts';
import type { Severity } from './register.ts';

export const CHANNEL_KINDS = ['email', 'slack', 'sms', 'webhook', 'bus'] as const;
export type ChannelKind = (typeof CHANNEL_KINDS)[number];

/** Minutes after midnight in the owner's zone, from and to; `from` after `to` goes over midnight. */
export type QuietHours = { readonly fromMinute: number; readonly toMinute: number };

export type Channel = {
  readonly name: string;
  readonly kind: ChannelKind;
  /** An address, a number or an https URL; '' where the secret or the settings say it. */
  readonly to: string;
  /** Twilio: the account and the number it is sent from. */
  readonly account: string;
  readonly from: string;
  readonly severity: Severity;
  readonly quiet: QuietHours | null;
  /** Hears only of what nobody has taken on. */
  readonly standsBehind: boolean;
  /** A webhook within the owner's own network: a private address, and http, are meant. */
  readonly inside: boolean;
  /** Why the last telling failed, for good or for too long; '' when it did not. */
  readonly problem: string;
  /** Epoch milliseconds since which nothing has arrived; absent while it works. */
  readonly failingSince?: number;
};

/** What cannot be reached for so long is a problem that others have to hear of. */
export const TROUBLE_MS = 15 * 60_000;

/** What a channel is as long as nobody says otherwise. */
export const PLAIN_CHANNEL = {
  ...{ to: '', account: '', from: '', problem: '' },
  ...{ severity: 'warning', quiet: null, standsBehind: false, inside: false },
} as const satisfies Omit<Channel, 'name' | 'kind'>;

/** There without anybody adding them: a mail to the owner, and the bus of the stage. */
export const BUILT_IN: readonly Channel[] = [
  { ...PLAIN_CHANNEL, name: 'owner', kind: 'email' },
  { ...PLAIN_CHANNEL, name: 'bus', kind: 'bus' },
];

/** The secret of a channel by its name: a URL (slack), a token (sms), a signing key (webhook). */
export const channelSecret = (name: string): string => `channel-${name}`;

const NAME = /^[a-z][a-z0-9-]{0,30}$/;
const PHONE = /^\+[1-9]\d{6,14}$/;
const URL_OUT = /^https:\/\/[a-z0-9.-]{1,253}(?::\d{1,5})?(?:[/?][\x21-\x7e]{0,400})?$/i;
const INSIDE_URL = /^https?:\/\/(?:[a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?(?:[/?][\x21-\x7e]{0,400})?$/i;
const MAIL = /^[^\s@<>,;:"()[\]\\]{1,64}@[^\s@<>,;:"()[\]\\]{1,189}$/;

/** @throws NovaError bad_input with every problem named. */
export function checkedChannel(channel: Channel): Channel {
  const { name, kind, to, account, from, inside } = channel;
  const problems: string[] = [];
  if (!NAME.test(name)) problems.push(`a name is lower-case letters, digits and dashes; got "${name}"`);
  if (kind === 'bus') problems.push('the bus is there already');
  if (kind === 'email' && to !== '' && !MAIL.test(to)) problems.push('--to is one mail address');
  if (kind === 'sms' && !PHONE.test(to)) problems.push('--to is a number like +41791234567');
  if (kind === 'sms' && !/^AC[0-9a-f]{32}$/.test(account)) problems.push("--account is Twilio's account SID (AC…)");
  if (kind === 'sms' && !PHONE.test(from)) problems.push('--from is the number of yours at Twilio');
  if (inside && kind !== 'webhook') problems.push('--inside is for webhooks');
  if (kind === 'webhook' && !(inside ? INSIDE_URL : URL_OUT).test(to))
    problems.push(`--to is an https URL without a user${inside ? ', or with --inside an http one' : ''}`);
  if (kind === 'slack' && to !== '')
    problems.push(`the URL of a Slack webhook is a secret: nova secret set ${channelSecret(name)}`);
  if (problems.length > 0) throw new NovaError('bad_input', problems.join('; '));
  return channel;
}

/** '22:00-07:00'. @throws NovaError bad_input. */
export function quietHoursOf(text: string): QuietHours {
  const match = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  if (!match) throw new NovaError('bad_input', `quiet hours are like 22:00-07:00; got "${text}"`);
  const [, h1, m1, h2, m2] = match.map(Number);
  const [fromMinute, toMinute] = [(h1 ?? 0) * 60 + (m1 ?? 0), (h2 ?? 0) * 60 + (m2 ?? 0)];
  if (fromMinute === toMinute) throw new NovaError('bad_input', `quiet hours need an end of their own; got "${text}"`);
  return { fromMinute, toMinute };
}

export function isQuiet({ quiet }: Channel, minuteOfDay: number): boolean {
  if (!quiet) return false;
  const { fromMinute, toMinute } = quiet;
  if (fromMinute <= toMinute) return minuteOfDay >= fromMinute && minuteOfDay < toMinute;
  return minuteOfDay >= fromMinute || minuteOfDay < toMinute;
}

export type Due = { readonly alert: Alert; readonly channel: Channel; readonly told: Told };
type Moment = { readonly now: number; readonly minuteOfDay: number };

/**
 * What is to be told to whom now. Quiet hours hold back all but what is critical, until they are over; what is over by
 * then was never told, and needs no word.
 */
export function dueOf(alerts: readonly Alert[], channels: readonly Channel[], moment: Moment): Due[] {
  const urgent = alerts.toSorted((a, b) => rank(a) - rank(b) || a.raisedAt - b.raisedAt || (a.id < b.id ? -1 : 1));
  return channels.flatMap((channel) => {
    const due = urgent.flatMap((alert) => {
      const told = dueTo(alert, channel, moment);
      return told ? [{ alert, channel, told }] : [];
    });
    return PEOPLE.has(channel.kind) ? due.slice(0, MOST_AT_ONCE) : due;
  });
}

/** Hundreds at once are one thing gone wrong: a person hears of the worst and oldest first, of the rest at the next looks. */
const MOST_AT_ONCE = 10;
const PEOPLE: ReadonlySet<ChannelKind> = new Set(['email', 'slack', 'sms']);
const rank = ({ severity }: Alert): number => (severity === 'critical' ? 0 : 1);

function dueTo(alert: Alert, channel: Channel, { now, minuteOfDay }: Moment): Told | null {
  const said = (word: Told): boolean => alert.told.includes(`${channel.name}:${word}`);
  const word = wordOf(alert, now);
  if (word === null || said(word)) return null;
  if (alert.rule === 'channel_broken' && alert.subject === channel.name) return null;
  // The request mails its own reminders; a second mail about it would be one too many.
  if (alert.rule === 'approval_waiting' && channel.kind === 'email') return null;
  if (channel.severity === 'critical' && alert.severity !== 'critical') return null;
  if (alert.severity !== 'critical' && isQuiet(channel, minuteOfDay)) return null;
  if (word === 'resolved') return said('raised') || said('escalated') ? word : null;
  if (channel.standsBehind) return word === 'escalated' ? word : null;
  return word === 'escalated' && !said('raised') ? 'raised' : word;
}
