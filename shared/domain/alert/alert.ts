/** An alert: one for each rule and subject, through its episodes. What follows from a look at the world, purely. */
import { onStage, RULES, type RuleId, type Severity, stageMark, todoFor } from './register.ts';
import type { Finding } from './rules.ts';

export type AlertState = 'open' | 'acked' | 'resolved';
export type Told = 'raised' | 'escalated' | 'resolved';

export type Alert = {
  /** `<rule>:<subject>`: the key by which it is raised once. */
  readonly id: string;
  readonly rule: RuleId;
  readonly subject: string;
  readonly severity: Severity;
  readonly state: AlertState;
  /** 1 the first time, one more whenever it comes back after it was resolved. */
  readonly episode: number;
  readonly message: string;
  readonly raisedAt: number;
  readonly ackedAt: number | null;
  readonly ackedBy: string;
  readonly resolvedAt: number | null;
  /** Since when it is not found any more; null while it is. It ends when that has lasted. */
  readonly goneSince: number | null;
  /** It ended because a worse one took its place: nobody is told that all is well. */
  readonly replaced: boolean;
  readonly version: number;
  /** What has been told in this episode: `<channel>:<told>`. */
  readonly told: readonly string[];
  /** What has been told or is being told. */
  readonly marks: readonly string[];
};

/** An alert that comes and goes is one: gone for so long, it is over. */
export const QUIET_MS = 10 * 60_000;
/** A critical alert that nobody has taken on for so long is told to those who stand behind. */
export const ESCALATE_MS = 30 * 60_000;

export const alertId = (rule: RuleId, subject: string): string => `${rule}:${subject}`;

/** What is to be written about one alert; the store pins it to what was read. */
export type AlertMove =
  | { readonly do: 'raise'; readonly finding: Finding; readonly before: Alert | null }
  | { readonly do: 'go'; readonly alert: Alert }
  | { readonly do: 'return'; readonly alert: Alert }
  | { readonly do: 'resolve'; readonly alert: Alert; readonly replaced: boolean };

/** Findings against what is known. A finding that goes on writes nothing. */
export function movesOf(known: readonly Alert[], findings: readonly Finding[], now: number): AlertMove[] {
  const byId = new Map(known.map((alert) => [alert.id, alert]));
  const found = new Set(findings.map(({ rule, subject }) => alertId(rule, subject)));
  const covered = new Set(findings.flatMap(({ covers, subject }) => (covers ? [alertId(covers, subject)] : [])));
  const moves: AlertMove[] = [];
  for (const finding of findings) {
    const before = byId.get(alertId(finding.rule, finding.subject)) ?? null;
    if (!before || before.state === 'resolved') moves.push({ do: 'raise', finding, before });
    else if (before.goneSince !== null) moves.push({ do: 'return', alert: before });
  }
  for (const alert of known) {
    if (alert.state === 'resolved' || found.has(alert.id)) continue;
    if (covered.has(alert.id)) moves.push({ do: 'resolve', alert, replaced: true });
    else if (alert.goneSince === null) moves.push({ do: 'go', alert });
    else if (now >= alert.goneSince + QUIET_MS) moves.push({ do: 'resolve', alert, replaced: false });
  }
  return moves;
}

/** What is there to be told of an alert, the newest word alone: who was told of nothing needs no recovery. */
export function wordOf(alert: Alert, now: number): Told | null {
  if (alert.state === 'resolved') return alert.replaced ? null : 'resolved';
  const late = alert.state === 'open' && alert.severity === 'critical' && now >= alert.raisedAt + ESCALATE_MS;
  return late ? 'escalated' : 'raised';
}

export type AlertText = { readonly subject: string; readonly text: string };

const HEAD: Readonly<Record<Told, string>> = {
  raised: '',
  escalated: 'Nobody has taken this on: ',
  resolved: 'Over: ',
};

/** Who is hurt, the numbers, what to do on which stage, and where it is written. */
export function textOf({ rule, subject, severity, message, id }: Alert, told: Told, stage: string): AlertText {
  const head = `${stageMark(stage)}${HEAD[told]}${severity} ${rule.replaceAll('_', ' ')}, ${subject}`;
  if (told === 'resolved') return { subject: head, text: `${message}\nThis is over.` };
  const lines = [
    message,
    RULES[rule].hurts,
    todoFor(rule, subject, stage),
    `To take it on: ${onStage('nova alert', stage)} ack ${id}`,
    `More: docs/runbook.md#${rule}`,
  ];
  return { subject: head, text: lines.join('\n') };
}
