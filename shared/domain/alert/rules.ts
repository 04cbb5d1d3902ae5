/** From facts to what is wrong. Pure; each finding is known by its rule and its subject, so it is raised once. */
import { formatBps, formatUsd } from '../money.ts';
import type { MissedTick } from './missed-tick.ts';
import type { RuleId } from './register.ts';
import type { StuckTask } from './stuck-tasks.ts';
import { DRIFT_MS, type TaskDrift } from './task-drift.ts';

export type AlertAgent = {
  readonly id: string;
  readonly status: 'draft' | 'active' | 'paused' | 'retired';
  readonly instances: number;
  readonly activeInstances: number;
  /** Epoch milliseconds since which it has been meant to be what it is. */
  readonly updatedAt: number;
  /** Whether a kill switch is on over it, and when one was last turned; 0: never. What it stops is meant to stand. */
  readonly halted: boolean;
  readonly turnedAt: number;
  /** Of its whole life; the net revenue is booked. */
  readonly runs: number;
  readonly costMicros: number;
  readonly roiBps: number | null;
  /** Whether it may be judged by money: something has come in, or has had time to. */
  readonly observed: boolean;
  /** Of what ECS is to keep running; null: nothing, or nobody could look. */
  readonly tasks: TaskDrift | null;
  /** Of its schedule; null: nothing is missing. */
  readonly missed: MissedTick | null;
  /** Of today when today has enough runs, else of its life. */
  readonly judgedRuns: number;
  readonly judgedCrashes: number;
  /** What its last crash said. */
  readonly lastCrash: string;
};

export type AlertFacts = {
  readonly now: number;
  /** Since when somebody has looked without a gap; what was found then had no time to be done. */
  readonly watchedSince: number;
  readonly agents: readonly AlertAgent[];
  /** `id` is the scope, with the limit's name where it is not the dollars of a day. */
  readonly budgets: readonly {
    readonly id: string;
    readonly percent: number;
    readonly used: string;
    readonly limit: string;
    /** Of a limit of many: who used most of it; '' when nobody stands out. */
    readonly mostBy?: string;
  }[];
  /** Tasks that should be gone. */
  readonly stuckTasks: readonly StuckTask[];
  /** null where CloudWatch watches them. */
  readonly queues:
    | readonly {
        readonly name: string;
        readonly visible: number;
        readonly dead: number;
        readonly oldestSeconds: number;
        readonly reason: string;
      }[]
    | null;
  /** The run in progress that began first: what waits, as a rule waits for it. */
  readonly longestRun: { readonly agentId: string; readonly number: number; readonly startedAt: number } | null;
  readonly approvals: readonly {
    readonly id: string;
    readonly title: string;
    readonly createdAt: number;
    readonly expiresAt: number;
  }[];
  /** When the last decision pass ended well, or since when one has been waited for. */
  readonly decidedAt: number;
  readonly decideEverySeconds: number;
  /** Of the last half hour, by source. */
  readonly refused: readonly { readonly source: string; readonly count: number }[];
  /** What the last proof of the ledger found. */
  readonly ledgerFaults: readonly string[];
  /** Entities whose last audit record is not what they say. */
  readonly auditGaps: readonly string[];
  /** What was noticed about restored data; '' once a person has let everything go on. */
  readonly wentBack: string;
  readonly channels: readonly { readonly name: string; readonly problem: string }[];
};

export type Finding = {
  readonly rule: RuleId;
  readonly subject: string;
  /** The numbers, in one or two sentences. */
  readonly message: string;
  /** A milder rule about the same subject that this one replaces: it ends without a word. */
  readonly covers?: RuleId;
};

const MIN_RUNS = 10;
/** Revenue comes after the work: an agent that has none yet is given so long to bring the first. */
export const OBSERVE_MS = 7 * 86_400_000;
const MAX_BACKLOG = 1_000;
const OLD_MESSAGE_SECONDS = 1_800;
const REFUSED = 5;
const SLACK_MS = 15 * 60_000;

/** An agent that has earned is judged at once, as ever; one that has not, when its first revenue is overdue. */
export const isObserved = (agent: { readonly createdAt: number; readonly hasEarned: boolean }, now: number): boolean =>
  agent.hasEarned || now >= agent.createdAt + OBSERVE_MS;

export function findingsOf(facts: AlertFacts): Finding[] {
  return [
    ...facts.agents.flatMap((agent) => agentFindings(agent, facts.now)),
    ...facts.budgets.flatMap(budgetFindings),
    ...facts.stuckTasks.map(({ taskId, message }) => ({ rule: 'task_stuck', subject: taskId, message }) as const),
    ...(facts.queues ?? []).flatMap((queue) => queueFindings(queue, facts)),
    ...facts.approvals.flatMap((approval) => approvalFindings(approval, facts.now)),
    ...systemFindings(facts),
  ];
}

function agentFindings(agent: AlertAgent, now: number): Finding[] {
  // A task of a retired agent goes on costing.
  const drift = driftFindings(agent, now);
  if (agent.status === 'retired' || agent.status === 'draft') return drift;
  return [...moneyFindings(agent), ...crashFindings(agent), ...drift, ...missedFindings(agent)];
}

/** Only what runs can lose more. */
function moneyFindings({ id, status, runs, costMicros, roiBps, observed }: AlertAgent): Finding[] {
  if (!observed || status !== 'active' || runs <= MIN_RUNS || roiBps === null || roiBps >= 10_000) return [];
  const message = `${id}: ROI ${formatBps(roiBps)} after ${runs} runs that cost ${formatUsd(costMicros)}.`;
  if (roiBps >= 0) return [{ rule: 'low_roi', subject: id, message }];
  return [{ rule: 'negative_roi', subject: id, message, covers: 'low_roi' }];
}

function crashFindings({ id, status, judgedRuns, judgedCrashes, lastCrash }: AlertAgent): Finding[] {
  if (status !== 'active' || judgedRuns <= MIN_RUNS || judgedCrashes * 5 <= judgedRuns) return [];
  const last = lastCrash === '' ? '' : ` The last one said: ${lastCrash}`;
  return [
    { rule: 'high_crash_rate', subject: id, message: `${id}: ${judgedCrashes} of ${judgedRuns} runs crashed.${last}` },
  ];
}

/** Instances in the table, then tasks that ECS shows: one alert about an agent, whichever differs. */
function driftFindings(
  { id, status, instances, activeInstances, updatedAt, halted, turnedAt, tasks }: AlertAgent,
  now: number,
): Finding[] {
  const wanted = status === 'active' ? instances : 0;
  const [subject, rule] = [id, 'drift'] as const;
  const isSettled = !halted && now >= Math.max(updatedAt, turnedAt) + DRIFT_MS;
  if (status !== 'retired' && status !== 'draft' && activeInstances !== wanted && isSettled)
    return [{ rule, subject, message: `${id}: ${activeInstances} of ${wanted} instances are active.` }];
  if (!tasks || (tasks.missing === 0 && tasks.extra === 0)) return [];
  const what = [
    ...(tasks.missing > 0 ? [`${tasks.missing} missing`] : []),
    ...(tasks.extra > 0 ? [`${tasks.extra} that nobody wants`] : []),
  ];
  const message = `${id}: ${tasks.running} tasks run, ${tasks.wanted} are wanted (${what.join(', ')}).`;
  return [{ rule, subject, message }];
}

function missedFindings({ id, missed }: AlertAgent): Finding[] {
  if (!missed) return [];
  const { at, instances, of } = missed;
  const when = `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  const who = of === 1 ? '' : ` (${instances} of ${of} instances)`;
  return [{ rule: 'ticks_missing', subject: id, message: `${id}: its run of ${when} has not been heard of${who}.` }];
}

function budgetFindings({ id, percent, used, limit, mostBy = '' }: AlertFacts['budgets'][number]): Finding[] {
  if (percent < 80) return [];
  const message = `${id.replace('#', ', ')}: ${used} of ${limit} are used, ${percent} %.${mostBy === '' ? '' : ` Most by ${mostBy}.`}`;
  if (percent < 100) return [{ rule: 'budget_warning', subject: id, message }];
  return [{ rule: 'budget_exceeded', subject: id, message, covers: 'budget_warning' }];
}

function queueFindings(
  { name, visible, dead, oldestSeconds, reason }: NonNullable<AlertFacts['queues']>[number],
  { now, watchedSince, longestRun }: AlertFacts,
): Finding[] {
  const found: Finding[] = [];
  const add = (rule: RuleId, message: string): void => void found.push({ rule, subject: name, message });
  const first = reason.replace(/\s+/g, ' ').slice(0, 300);
  if (dead > 0) add('dead_letters', `${name}: ${dead} dead letter${dead === 1 ? '' : 's'}. The first: ${first}`);
  const minutes = Math.floor(oldestSeconds / 60);
  const workedSeconds = Math.min(oldestSeconds, (now - watchedSince) / 1000);
  if (workedSeconds >= OLD_MESSAGE_SECONDS)
    add('oldest_message', `${name}: the oldest message waits for ${minutes} min.${holderOf(name, longestRun, now)}`);
  else if (visible > MAX_BACKLOG) add('backlog', `${name}: ${visible} messages wait.`);
  return found;
}

/** Of the queue of runs: whose run may be what all wait for. */
function holderOf(queue: string, longest: AlertFacts['longestRun'], now: number): string {
  if (queue !== 'runs' || longest === null) return '';
  const { agentId, number, startedAt } = longest;
  const minutes = Math.floor((now - startedAt) / 60_000);
  return ` The longest run in progress: instance ${number} of ${agentId}, for ${minutes} min (nova agent show ${agentId}).`;
}

/** When half of its time is over. */
function approvalFindings(
  { id, title, createdAt, expiresAt }: AlertFacts['approvals'][number],
  now: number,
): Finding[] {
  if (now < (createdAt + expiresAt) / 2 || now >= expiresAt) return [];
  const left = Math.max(1, Math.floor((expiresAt - now) / 3_600_000));
  return [{ rule: 'approval_waiting', subject: id, message: `"${title}" waits for an answer; ${left} h are left.` }];
}

function systemFindings(facts: AlertFacts): Finding[] {
  const { now, watchedSince, decidedAt, decideEverySeconds } = facts;
  const { refused, ledgerFaults, auditGaps, channels, wentBack } = facts;
  const found: Finding[] = [];
  const add = (rule: RuleId, subject: string, message: string): void => void found.push({ rule, subject, message });
  if (now > Math.max(decidedAt, watchedSince) + 2 * decideEverySeconds * 1000 + SLACK_MS) {
    const hours = Math.floor((now - decidedAt) / 3_600_000);
    add('decisions_silent', 'fleet', `No decision pass has ended well for ${hours} h.`);
  }
  for (const { source, count } of refused) {
    if (count >= REFUSED)
      add('webhooks_refused', source, `${source}: ${count} requests with a wrong signature within half an hour.`);
  }
  const [first] = ledgerFaults;
  if (first !== undefined)
    add(
      'ledger_drift',
      'ledger',
      `The proof found ${ledgerFaults.length} fault${ledgerFaults.length === 1 ? '' : 's'}. The first: ${first}`,
    );
  for (const entity of auditGaps) add('audit_gap', entity, `The last audit record of ${entity} is missing or altered.`);
  if (wentBack !== '') add('went_back', 'fleet', `The kill switch is on: ${wentBack}.`);
  for (const { name, problem } of channels) if (problem !== '') add('channel_broken', name, `${name}: ${problem}`);
  return found;
}
