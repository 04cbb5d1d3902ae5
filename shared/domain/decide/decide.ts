/** From the facts about one agent to at most one thing to do about it. Pure: the same facts, the same verdict. */
import type { DecisionAction, DecisionKind, Verdict } from '../decision.ts';
import { type AgentFacts, budgetExceeded } from '../facts.ts';
import { formatUsd } from '../money.ts';
import type { DecisionPolicy } from '../policy.ts';
import { type Analysis, analyse, newTotals, roiOf, shareBps } from './analyse.ts';
import { dailyCostMicros, needsApproval, riskOf, type Stakes, scaleImpactMicros } from './risk.ts';

type Pass = {
  readonly facts: AgentFacts;
  readonly policy: DecisionPolicy;
  readonly analysis: Analysis;
};

type Idea = { readonly action: DecisionAction; readonly why: string; readonly impactMicrosPerDay: number };

/** Kinds that lower what an agent does. They are not held up by an open decision that would raise it. */
const REDUCTIONS: readonly DecisionKind[] = ['pause', 'retire', 'scale_down'];

/**
 * In this order: crashes, an exhausted budget (neither waits for anything), then, once enough was seen and the cooldown
 * is over, the grade. `null`: leave it as it is.
 */
export function decide(facts: AgentFacts, policy: DecisionPolicy, now: number): Verdict | null {
  const pass: Pass = { facts, policy, analysis: analyse(facts, policy) };
  const idea = ideaFor(pass, now);
  return idea && !heldUp(idea, facts) ? verdictOf(pass, idea) : null;
}

function ideaFor(pass: Pass, now: number): Idea | null {
  const { status, pauseReason } = pass.facts.agent;
  if (status === 'paused') return pauseReason === 'budget' ? resumeIdea(pass) : null;
  if (status !== 'active') return null;
  const urgent = crashIdea(pass) ?? budgetIdea(pass);
  if (urgent) return urgent;
  return ripe(pass, now) ? gradeIdea(pass) : null;
}

/** Cooldown over, and enough runs since the last decision to see what it led to. */
function ripe({ facts, policy }: Pass, now: number): boolean {
  const { lastEnd, lastExecuted } = facts.memory;
  if (lastEnd && now < lastEnd.at + policy.cooldownSeconds * 1000) return false;
  return lastExecuted === null || newTotals(facts).runs >= policy.minRuns;
}

function heldUp({ action }: Idea, { memory }: AgentFacts): boolean {
  if (memory.openKinds.includes(action.kind)) return true;
  if (action.kind === 'pause' && action.reason !== 'decision') return false;
  const reduces = REDUCTIONS.includes(action.kind);
  return memory.openKinds.some((open) => !reduces || REDUCTIONS.includes(open));
}

function crashIdea({ facts, analysis }: Pass): Idea | null {
  if (analysis.suggestion !== 'pause') return null;
  const action = { kind: 'pause', agentId: facts.agent.id, reason: 'crash_limit' } as const;
  return { action, why: `${analysis.why}: paused until a person resumes it`, impactMicrosPerDay: saving(facts) };
}

function budgetIdea({ facts }: Pass): Idea | null {
  if (!budgetExceeded(facts.budget)) return null;
  const { spentMicros, limitMicros } = facts.budget;
  const why = `spent ${formatUsd(spentMicros)} of ${formatUsd(limitMicros)} today: paused until tomorrow or a raise`;
  // Nothing more would be spent today anyway: the budget refuses every run. The pause spares the refusals.
  return { action: { kind: 'pause', agentId: facts.agent.id, reason: 'budget' }, why, impactMicrosPerDay: 0 };
}

/** It restores what the budget allows and a person once started: no added cost. */
function resumeIdea({ facts }: Pass): Idea | null {
  if (budgetExceeded(facts.budget)) return null;
  const { spentMicros, limitMicros } = facts.budget;
  const why = `its budget has room again: ${formatUsd(spentMicros)} of ${formatUsd(limitMicros)} spent today`;
  return { action: { kind: 'resume', agentId: facts.agent.id }, why, impactMicrosPerDay: 0 };
}

function gradeIdea(pass: Pass): Idea | null {
  const { verdict, why } = pass.analysis;
  const agentId = pass.facts.agent.id;
  if (verdict === 'excellent') return scaleUpIdea(pass);
  if (verdict === 'poor') return poorIdea(pass);
  if (verdict !== 'failing') return null;
  const impactMicrosPerDay = saving(pass.facts);
  return {
    action: { kind: 'retire', agentId },
    why: `${why}: retired, ${perDay(impactMicrosPerDay)}`,
    impactMicrosPerDay,
  };
}

function scaleUpIdea({ facts, policy, analysis }: Pass): Idea | null {
  const { id: agentId, instances: fromInstances } = facts.agent;
  const toInstances = Math.min(fromInstances * policy.scaleFactor, policy.maxInstances);
  if (toInstances <= fromInstances) return null;
  const impactMicrosPerDay = scaleImpactMicros(facts, toInstances - fromInstances);
  const why = `${analysis.why}: ${fromInstances} → ${toInstances} instances, ${perDay(impactMicrosPerDay)}`;
  return { action: { kind: 'scale_up', agentId, fromInstances, toInstances }, why, impactMicrosPerDay };
}

/**
 * The gentle step first: fewer instances, then a finding to work on, and only when that led to nothing a pause. What
 * earns enough and merely fails often is never paused for it.
 */
function poorIdea(pass: Pass): Idea | null {
  const { facts, policy, analysis } = pass;
  const agentId = facts.agent.id;
  const roi = roiOf(analysis.judged) ?? 0;
  if (facts.agent.instances > 1 && roi < policy.scaleDownRoiBps) return scaleDownIdea(pass);
  if (facts.memory.lastExecuted?.kind !== 'optimize') {
    return { action: { kind: 'optimize', agentId }, why: `${analysis.why}: to be improved`, impactMicrosPerDay: 0 };
  }
  if (roi >= policy.keepRoiBps) return null;
  const impactMicrosPerDay = saving(facts);
  const why = `${analysis.why}, no better since it was to be improved: paused, ${perDay(impactMicrosPerDay)}`;
  return { action: { kind: 'pause', agentId, reason: 'decision' }, why, impactMicrosPerDay };
}

function scaleDownIdea({ facts, policy, analysis }: Pass): Idea {
  const { id: agentId, instances: fromInstances } = facts.agent;
  const toInstances = Math.max(1, Math.floor(fromInstances / policy.scaleFactor));
  const impactMicrosPerDay = scaleImpactMicros(facts, toInstances - fromInstances);
  const why = `${analysis.why}: ${fromInstances} → ${toInstances} instances, ${perDay(impactMicrosPerDay)}`;
  return { action: { kind: 'scale_down', agentId, fromInstances, toInstances }, why, impactMicrosPerDay };
}

const saving = (facts: AgentFacts): number => -dailyCostMicros(facts) || 0;
const perDay = (micros: number): string => `${micros < 0 ? '' : '+'}${formatUsd(micros)}/day`;

function verdictOf(pass: Pass, { action, why, impactMicrosPerDay }: Idea): Verdict {
  const { policy, analysis } = pass;
  const stakes: Stakes = {
    action,
    impactMicrosPerDay,
    lifeRoiBps: analysis.roiBps,
    confidenceBps: analysis.confidenceBps,
  };
  return {
    action,
    why,
    risk: riskOf(stakes, policy),
    confidenceBps: analysis.confidenceBps,
    expectedRoiBps: roiOf(analysis.judged),
    costImpactMicrosPerDay: impactMicrosPerDay,
    needsApproval: needsApproval(stakes, policy),
    evidence: evidenceOf(pass),
  };
}

/** Whole-life sums first: they are the base from which the next decision counts. */
function evidenceOf({ facts, policy, analysis }: Pass): Verdict['evidence'] {
  const { totals, agent, health, crashStreak, budget } = facts;
  return {
    ...totals,
    roiBps: analysis.roiBps,
    successBps: analysis.successBps,
    judgedRuns: analysis.judged.runs,
    reserveMicros: analysis.reserve.reserveMicros,
    judgedRoiBps: roiOf(analysis.judged),
    judgedSuccessBps: shareBps(analysis.judged.succeeded, analysis.judged.runs),
    instances: agent.instances,
    health: health.state,
    crashStreak,
    spentTodayMicros: budget.spentMicros,
    budgetMicros: budget.limitMicros,
    dailyCostMicros: dailyCostMicros(facts),
    policyVersion: policy.version,
  };
}
