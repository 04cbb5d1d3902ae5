/**
 * What an agent's numbers say, before anybody thinks of doing something about it. The rule `threshold`: fixed numbers
 * from the policy. It is blind to chance in small samples; what it needs to be replaced by a better rule is in the facts.
 */

import { type AgentFacts, type Totals, totalsSince } from '../facts.ts';
import { formatBps, formatUsd, roiBps } from '../money.ts';
import type { DecisionPolicy } from '../policy.ts';
import { lessReserve, type Reserve, refundReserve, reserveSentence } from '../reserve.ts';

export type Grade = 'insufficient_data' | 'excellent' | 'good' | 'poor' | 'failing';
export type Suggestion = 'collect_more_data' | 'scale_up' | 'maintain' | 'optimize_or_pause' | 'pause' | 'retire';

export type Analysis = {
  readonly agentId: string;
  readonly verdict: Grade;
  readonly suggestion: Suggestion;
  /** One sentence with the numbers in it. */
  readonly why: string;
  /** Over the whole life. */
  readonly runs: number;
  readonly roiBps: number | null;
  readonly successBps: number;
  /** What the verdict is based on, less the reserve: everything since the last executed decision, or the whole life. */
  readonly judged: Totals;
  /** Taken off the revenue of both before anything was judged. */
  readonly reserve: Reserve;
  /** min(runs / 100, 1) */
  readonly confidenceBps: number;
};

export function analyse(facts: AgentFacts, policy: DecisionPolicy): Analysis {
  const reserve = refundReserve(facts.refunds, policy);
  const judged = withReserve(judgedTotals(facts, policy), reserve);
  const life = withReserve(facts.totals, reserve);
  const crash = crashSentence(facts, policy, judged);
  const found = crash
    ? ({ verdict: 'failing', suggestion: 'pause', why: crash } as const)
    : (waiting(facts, policy, { judged, life }) ?? graded(facts, policy, { judged, life }));
  const { totals } = facts;
  return {
    agentId: facts.agent.id,
    ...found,
    runs: totals.runs,
    roiBps: roiOf(life),
    successBps: shareBps(totals.succeeded, totals.runs),
    judged,
    reserve,
    confidenceBps: Math.min(10_000, judged.runs * 100),
  };
}

/** Runs since the last executed decision: only they show what it led to. */
export function newTotals(facts: AgentFacts): Totals {
  const before = facts.memory.lastExecuted;
  return before ? totalsSince(facts.totals, before.totals) : facts.totals;
}

function judgedTotals(facts: AgentFacts, policy: DecisionPolicy): Totals {
  const recent = newTotals(facts);
  return recent.runs >= policy.minRuns ? recent : facts.totals;
}

export const shareBps = (part: number, whole: number): number =>
  whole === 0 ? 0 : Number((BigInt(part) * 10_000n) / BigInt(whole));

/** Why it must stop now, whatever it earns; null when it need not. Needs no minimum of runs. */
function crashSentence(facts: AgentFacts, policy: DecisionPolicy, judged: Totals): string | null {
  if (facts.crashStreak >= facts.crashLimit) {
    return `${facts.crashStreak} crashes in a row (limit ${facts.crashLimit})`;
  }
  // A pause for crashes that a person has lifted is not repeated for the crashes that were known to him.
  const seen = facts.memory.lastExecuted?.kind === 'pause' ? newTotals(facts) : judged;
  const rate = shareBps(seen.crashed, seen.runs);
  if (seen.runs <= policy.crashRateMinRuns || rate <= policy.crashRatePauseBps) return null;
  return `${formatBps(rate)} of ${seen.runs} runs crashed (> ${formatBps(policy.crashRatePauseBps)})`;
}

type Found = Pick<Analysis, 'verdict' | 'suggestion' | 'why'>;

type Judged = { readonly judged: Totals; readonly life: Totals };

/** What is left to judge by when the reserve is taken off. */
const withReserve = (totals: Totals, reserve: Reserve): Totals => ({
  ...totals,
  revenueMicros: lessReserve(totals.revenueMicros, reserve),
});

function waiting(facts: AgentFacts, policy: DecisionPolicy, { judged, life }: Judged): Found | null {
  const wait = (why: string): Found => ({ verdict: 'insufficient_data', suggestion: 'collect_more_data', why });
  if (facts.totals.runs < policy.minRuns) return wait(`${facts.totals.runs} of ${policy.minRuns} runs needed`);
  const { unbookedMicros } = judged;
  const arrived = gradeOf(facts, policy, { judged: booked(judged), life: booked(life) });
  if (unbookedMicros === 0 || arrived === gradeOf(facts, policy, { judged, life })) return null;
  return wait(`${formatUsd(unbookedMicros)} of declared revenue is not booked yet`);
}

const booked = (totals: Totals): Totals => ({
  ...totals,
  revenueMicros: totals.revenueMicros + totals.unbookedMicros,
  unbookedMicros: 0,
});

/**
 * ROI is null when nothing was spent: such an agent is kept, never scaled (what it costs is unknown) nor stopped.
 * A loss is failing only when the whole life is a loss as well: a bad stretch of a good agent is poor.
 */
function gradeOf(
  facts: AgentFacts,
  policy: DecisionPolicy,
  { judged, life }: Judged,
): Exclude<Grade, 'insufficient_data'> {
  const roi = roiOf(judged);
  if (roi === null) return 'good';
  if (roi < policy.retireRoiBps) return (roiOf(life) ?? 0) < policy.retireRoiBps ? 'failing' : 'poor';
  const success = shareBps(judged.succeeded, judged.runs);
  const healthy = facts.health.state === 'healthy';
  if (roi >= policy.scaleRoiBps && success >= policy.scaleSuccessBps && healthy) return 'excellent';
  return roi >= policy.keepRoiBps && success >= policy.keepSuccessBps ? 'good' : 'poor';
}

export const roiOf = (totals: Totals): number | null => roiBps(totals.revenueMicros, totals.costMicros);

const SUGGESTIONS = {
  excellent: 'scale_up',
  good: 'maintain',
  poor: 'optimize_or_pause',
  failing: 'retire',
} as const satisfies Record<Exclude<Grade, 'insufficient_data'>, Suggestion>;

function graded(facts: AgentFacts, policy: DecisionPolicy, { judged, life }: Judged): Found {
  const verdict = gradeOf(facts, policy, { judged, life });
  const suggestion = SUGGESTIONS[verdict];
  return { verdict, suggestion, why: gradeSentence(facts, policy, { verdict, judged }) + heldBack(facts, policy) };
}

function heldBack(facts: AgentFacts, policy: DecisionPolicy): string {
  const sentence = reserveSentence(refundReserve(facts.refunds, policy));
  return sentence && `, ${sentence}`;
}

function gradeSentence(
  { health }: AgentFacts,
  policy: DecisionPolicy,
  { verdict, judged }: { readonly verdict: Grade; readonly judged: Totals },
): string {
  const roi = roiOf(judged);
  if (roi === null) return `${formatUsd(judged.revenueMicros)} over ${judged.runs} runs at no cost: nothing to judge`;
  const success = `success ${formatBps(shareBps(judged.succeeded, judged.runs))}`;
  const numbers = (bound: string): string => `ROI ${formatBps(roi)} over ${judged.runs} runs${bound}, ${success}`;
  if (verdict === 'excellent') return numbers(` (≥ ${formatBps(policy.scaleRoiBps)})`);
  if (verdict === 'failing') return numbers(` (< ${formatBps(policy.retireRoiBps)})`);
  if (verdict === 'poor') return numbers(roi < policy.keepRoiBps ? ` (< ${formatBps(policy.keepRoiBps)})` : '');
  const unfit = roi >= policy.scaleRoiBps && health.state !== 'healthy';
  const held = unfit ? `, but ${[health.state, ...health.reasons.slice(0, 1)].join(': ')}` : '';
  return numbers(` (≥ ${formatBps(policy.keepRoiBps)})`) + held;
}
