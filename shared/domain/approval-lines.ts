/** The facts an approver reads, rendered from the decision alone: nothing in them was written by an agent. */
import type { ApprovalLine } from './approval.ts';
import type { Decision, DecisionAction } from './decision.ts';
import { formatBps, formatUsd } from './money.ts';
import { cleanLine } from './safe-text.ts';

type Evidence = Decision['evidence'];

const MAX_LABEL = 40;
const MAX_VALUE = 240;
/** Evidence without a line of its own here. */
const MAX_OTHER_LINES = 8;

const instances = (count: number, how = ''): string => `${count} ${how}${count === 1 ? 'instance' : 'instances'}`;

/** The action as a short order: "Scale shop up from 2 to 4 instances". */
export function titleOf(action: DecisionAction): string {
  const { agentId } = action;
  switch (action.kind) {
    case 'scale_up':
      return `Scale ${agentId} up from ${action.fromInstances} to ${instances(action.toInstances)}`;
    case 'scale_down':
      return `Scale ${agentId} down from ${action.fromInstances} to ${instances(action.toInstances)}`;
    case 'pause':
      return `Pause ${agentId}`;
    case 'resume':
      return `Resume ${agentId}`;
    case 'retire':
      return `Retire ${agentId} for good`;
    case 'optimize':
      return `Optimize ${agentId}`;
    case 'deploy':
      return `Deploy ${agentId}`;
    case 'budget_change':
      return `Set the daily budget of ${agentId} to ${formatUsd(action.limitMicros)}`;
    case 'policy_change':
      return `Change the policy, version ${action.fromVersion} to ${action.fromVersion + 1}`;
  }
}

/** What follows from a yes. */
function consequenceOf(action: DecisionAction): string {
  switch (action.kind) {
    case 'scale_up':
      return `${instances(action.toInstances - action.fromInstances, 'more ')} will run on its schedule`;
    case 'scale_down':
      return `${instances(action.fromInstances - action.toInstances, 'fewer ')} will run; runs in progress end`;
    case 'pause':
      return 'no new run starts until it is resumed; runs in progress end';
    case 'resume':
      return 'it runs on its schedule again';
    case 'retire':
      return 'it stops, its schedules go, and it cannot be brought back; its records stay';
    case 'optimize':
      return 'one of its settings is tried out within its limits';
    case 'deploy':
      return 'it starts to run on its schedule';
    case 'budget_change':
      return `it may spend up to ${formatUsd(action.limitMicros)} per day`;
    case 'policy_change':
      return 'what is allowed, asked for and denied follows the new policy from then on';
  }
}

/** One line per fact, what matters most first. */
export function linesOf(decision: Decision): readonly ApprovalLine[] {
  const { action, evidence, expectedRoiBps } = decision;
  const lines: (ApprovalLine | null)[] = [
    { label: 'If you approve', value: consequenceOf(action) },
    { label: 'Daily cost', value: costText(decision.costImpactMicrosPerDay, evidence.dailyCostMicros) },
    { label: 'Why', value: decision.why },
    { label: 'Confidence', value: `${formatBps(decision.confidenceBps)}, ${decision.risk} risk` },
    expectedRoiBps === null ? null : { label: 'Expected ROI', value: formatBps(expectedRoiBps) },
    ...evidenceLines(evidence),
  ];
  return lines
    .filter((line) => line !== null)
    .map(({ label, value }) => ({ label: cleanLine(label, MAX_LABEL), value: unbroken(cleanLine(value, MAX_VALUE)) }));
}

/** A number stays on one line with its unit. */
const unbroken = (text: string): string => text.replace(/(\d) %/g, '$1\u00a0%');

function costText(microsPerDay: number, now: Evidence[string] | undefined): string {
  const today = typeof now === 'number' ? `, now ${formatUsd(now)}` : '';
  if (microsPerDay === 0) return `no change${today}`;
  const direction = microsPerDay > 0 ? 'more' : 'less';
  return `${formatUsd(Math.abs(microsPerDay))} ${direction} per day${today}`;
}

/** Names told together in one line, or in the lines above. */
const TOLD = new Set([
  ...[
    'runs',
    'succeeded',
    'failed',
    'crashed',
    'successBps',
    'costMicros',
    'revenueMicros',
    'unbookedMicros',
    'roiBps',
  ],
  ...['judgedRuns', 'judgedRoiBps', 'judgedSuccessBps', 'instances', 'health', 'crashStreak'],
  ...['spentTodayMicros', 'budgetMicros', 'dailyCostMicros', 'policyVersion'],
]);

function evidenceLines(evidence: Evidence): (ApprovalLine | null)[] {
  const { runs, successBps, crashed, costMicros, revenueMicros, roiBps } = evidence;
  const { health, crashStreak, spentTodayMicros, budgetMicros } = evidence;
  const record = [
    counted(runs, 'run', 'runs'),
    typeof successBps === 'number' ? `${formatBps(successBps)} succeeded` : '',
    Number(crashed ?? 0) > 0 ? `${crashed} crashed` : '',
  ];
  const money = [
    typeof revenueMicros === 'number' ? `earned ${formatUsd(revenueMicros)}` : '',
    typeof costMicros === 'number' ? `cost ${formatUsd(costMicros)}` : '',
    typeof roiBps === 'number' ? `ROI ${formatBps(roiBps)}` : '',
  ];
  const state = [
    typeof health === 'string' ? health : '',
    Number(crashStreak ?? 0) > 0 ? `${counted(crashStreak, 'crash', 'crashes')} in a row` : '',
  ];
  const budget =
    typeof spentTodayMicros === 'number' && typeof budgetMicros === 'number'
      ? `${formatUsd(spentTodayMicros)} of ${formatUsd(budgetMicros)} spent`
      : '';
  const others = Object.entries(evidence).filter(([name]) => !TOLD.has(name));
  return [
    joined('Record', record),
    joined('Money so far', money),
    joined('Health', state),
    joined('Budget today', [budget]),
    ...others.slice(0, MAX_OTHER_LINES).map(([name, value]) => otherLine(name, value)),
  ];
}

function counted(value: Evidence[string] | undefined, one: string, many: string): string {
  return typeof value === 'number' ? `${value} ${value === 1 ? one : many}` : '';
}

function joined(label: string, parts: readonly string[]): ApprovalLine | null {
  const value = parts.filter(Boolean).join(', ');
  return value ? { label, value } : null;
}

/** `queueDepth: 12` → "Queue depth: 12"; Micros and Bps are shown as dollars and per cent. */
function otherLine(name: string, value: Evidence[string]): ApprovalLine {
  const words = name
    .replace(/(?:Micros|Bps)(?=[A-Z]|$)/g, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/_/g, ' ')
    .toLowerCase();
  const label = words.charAt(0).toUpperCase() + words.slice(1);
  if (value === null) return { label, value: 'n/a' };
  if (typeof value === 'number' && /Micros/.test(name)) return { label, value: formatUsd(value) };
  if (typeof value === 'number' && /Bps/.test(name)) return { label, value: formatBps(value) };
  if (typeof value === 'boolean') return { label, value: value ? 'yes' : 'no' };
  return { label, value: String(value) };
}
