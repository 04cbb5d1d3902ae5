/** Everything of one moment: what `nova status` prints and what the live summary is drawn from. */
import { isOpen } from '../shared/domain/approval.ts';
import { roiBps } from '../shared/domain/money.ts';
import type { AutonomyMode } from '../shared/domain/policy.ts';
import { listAgents } from '../shared/store/agent-store.ts';
import { openApprovals } from '../shared/store/approval-store.ts';
import { type BudgetView, viewBudget } from '../shared/store/budget-view.ts';
import { recentDecisions } from '../shared/store/decision-store.ts';
import { readGate } from '../shared/store/halt-store.ts';
import { getEarnings } from '../shared/store/ledger-days.ts';
import { currentPolicy } from '../shared/store/policy-store.ts';
import type { Place, Reach } from './command.ts';
import { sumsFrom, UNATTRIBUTED_ID } from './earnings.ts';
import { membersOf } from './fleet.ts';
import { type AgentView, agentView } from './views/agent.ts';
import { type ApprovalView, approvalView } from './views/approval.ts';
import { type DecisionView, decisionView } from './views/decision.ts';

export type Totals = {
  readonly agents: number;
  readonly active: number;
  readonly paused: number;
  readonly retired: number;
  readonly instances: number;
  readonly runs: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly crashed: number;
  readonly refused: number;
  readonly costMicros: number;
  readonly revenueMicros: number;
  /** In `revenueMicros` and no agent's. */
  readonly unattributedMicros: number;
  readonly profitMicros: number;
  readonly roiBps: number | null;
};

export type QueueView = {
  readonly id: string;
  readonly visible: number;
  readonly inFlight: number;
  readonly dead: number;
};
export type MailLine = { readonly id: string; readonly at: string; readonly subject: string };

export type Snapshot = {
  readonly id: 'status';
  readonly place: Place['kind'];
  readonly stage: string;
  readonly engine: string;
  readonly url: string | null;
  readonly mailUrl: string | null;
  readonly startedAt: string | null;
  readonly at: string;
  readonly mode: AutonomyMode;
  /** Scopes that the kill switch is on for. */
  readonly halted: readonly string[];
  readonly totals: Totals;
  readonly budget: BudgetView;
  readonly agents: readonly AgentView[];
  /** The newest first. */
  readonly decisions: readonly DecisionView[];
  /** Only those that still wait. */
  readonly approvals: readonly ApprovalView[];
  readonly mails: readonly MailLine[];
  readonly queues: readonly QueueView[];
};

const DECISIONS = 8;
const MAILS = 3;
const DAYS = 2;

export async function snapshotOf({ world, admin, place }: Reach): Promise<Snapshot> {
  const now = world.time.now();
  const agents = (await membersOf(world, await listAgents(world.table))).map(agentView);
  const { scopes: halted } = await readGate(world.table);
  const [policy, budget, decisions, approvals, nobody] = await Promise.all([
    currentPolicy(world.table),
    viewBudget(world, 'fleet'),
    recentDecisions(world, DAYS),
    openApprovals(world.table),
    getEarnings(world.table, UNATTRIBUTED_ID),
  ]);
  const { kind, engine, url, mailUrl, startedAt } = place;
  return {
    id: 'status',
    place: kind,
    stage: world.settings.stage,
    ...{ engine, url, mailUrl },
    startedAt: startedAt === null ? null : new Date(startedAt).toISOString(),
    at: new Date(now).toISOString(),
    mode: policy.mode,
    halted,
    totals: totalsOf(agents, sumsFrom(nobody).netMicros),
    budget,
    agents,
    decisions: decisions.slice(0, DECISIONS).map(decisionView),
    approvals: approvals.filter((approval) => isOpen(approval, now)).map((approval) => approvalView(approval, now)),
    mails: await lastMails(admin),
    queues: await queuesOf(admin),
  };
}

function totalsOf(agents: readonly AgentView[], unattributedMicros: number): Totals {
  const sum = (pick: (agent: AgentView) => number): number => agents.reduce((total, agent) => total + pick(agent), 0);
  const having = (status: string): number => agents.filter((agent) => agent.status === status).length;
  const costMicros = sum((agent) => agent.costMicros);
  const revenueMicros = sum((agent) => agent.revenueMicros) + unattributedMicros;
  return {
    agents: agents.length,
    active: having('active'),
    paused: having('paused'),
    retired: having('retired'),
    instances: sum((agent) => agent.activeInstances),
    runs: sum((agent) => agent.runs),
    succeeded: sum((agent) => agent.succeeded),
    failed: sum((agent) => agent.failed),
    crashed: sum((agent) => agent.crashed + agent.timedOut),
    refused: sum((agent) => agent.refused),
    ...{ costMicros, revenueMicros, unattributedMicros },
    profitMicros: revenueMicros - costMicros,
    roiBps: roiBps(revenueMicros, costMicros),
  };
}

async function lastMails({ mails }: Reach['admin']): Promise<MailLine[]> {
  const all = mails ? await mails.list() : [];
  const newest = all.slice(-MAILS).reverse();
  return newest.map(({ id, at, subject }) => ({ id, at: new Date(at).toISOString(), subject }));
}

async function queuesOf({ queues }: Reach['admin']): Promise<QueueView[]> {
  return Promise.all(
    Object.entries(queues).map(async ([id, queue]) => {
      const { visible, inFlight, dead } = await queue.depth();
      return { id, visible, inFlight, dead };
    }),
  );
}
