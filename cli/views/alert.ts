import type { Alert } from '../../shared/domain/alert/alert.ts';
import { type Channel, channelSecret, type QuietHours } from '../../shared/domain/alert/channel.ts';
import { RULES, todoFor } from '../../shared/domain/alert/register.ts';
import { details } from '../render/details.ts';
import type { Style } from '../render/style.ts';
import { longTime } from '../render/words.ts';

export type AlertView = ReturnType<typeof alertView>;

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

/** `stage`: whose commands the advice is made of. */
export function alertView({ id, rule, subject, severity, state, episode, message, ...rest }: Alert, stage: string) {
  return {
    ...{ id, rule, subject, severity, state, episode, message },
    ...{ hurts: RULES[rule].hurts, todo: todoFor(rule, subject, stage), runbook: `docs/runbook.md#${rule}` },
    ...{ raisedAt: iso(rest.raisedAt), ackedAt: iso(rest.ackedAt), ackedBy: rest.ackedBy },
    resolvedAt: iso(rest.resolvedAt),
    told: [...rest.told],
  };
}

export function renderAlert(alert: AlertView, style: Style): string {
  return details(
    alert.id,
    [
      ['state', `${alert.severity}, ${alert.state}`],
      ['what', alert.message],
      ['who is hurt', alert.hurts],
      ['what to do', alert.todo],
      ['more', alert.runbook],
      ['since', longTime(alert.raisedAt)],
      ['taken on', alert.ackedAt === null ? null : `${longTime(alert.ackedAt)} by ${alert.ackedBy}`],
      ['over since', longTime(alert.resolvedAt)],
      ['told', alert.told.join(', ') || null],
    ],
    style,
  );
}

const clock = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
const hours = (quiet: QuietHours | null): string | null =>
  quiet && `${clock(quiet.fromMinute)}-${clock(quiet.toMinute)}`;

export type ChannelView = ReturnType<typeof channelView>;

/** The secret by its name alone: it is shown nowhere. */
export function channelView(channel: Channel) {
  const { name, kind, to, account, from, severity, quiet, standsBehind, inside, problem } = channel;
  const secret = kind === 'email' || kind === 'bus' ? null : channelSecret(name);
  return {
    id: name,
    kind,
    to,
    account,
    from,
    severity,
    quietHours: hours(quiet),
    standsBehind,
    inside,
    secret,
    problem,
  };
}
