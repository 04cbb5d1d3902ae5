/** A decision told in sentences, from its records alone: what was known, what decided, who allowed it, what came of it. */
import type { Approval } from './approval.ts';
import type { AuditRecord } from './audit.ts';
import type { Decision } from './decision.ts';
import { formatBps, formatUsd } from './money.ts';
import { cleanLine } from './safe-text.ts';

export type StoryParts = {
  readonly decision: Decision;
  /** The decision's own records. */
  readonly trail: readonly AuditRecord[];
  readonly approval: Approval | null;
  readonly approvalTrail: readonly AuditRecord[];
  /** Records of the agent that name this decision. */
  readonly changes: readonly AuditRecord[];
};

export type StoryLine = { readonly at: string; readonly sentence: string };

const iso = (at: number): string => new Date(at).toISOString();
const line = (at: number, sentence: string): StoryLine => ({ at: iso(at), sentence: cleanLine(sentence, 600) });

/** In the order in which it happened. */
export function decisionStory(parts: StoryParts): StoryLine[] {
  const { decision, trail, approvalTrail, changes } = parts;
  const happened = [
    ...trail.filter(isMaking).flatMap((record) => ofDecision(record, decision)),
    ...approvalTrail.flatMap((record) => ofApproval(record, parts.approval)),
    ...trail.filter((record) => !isMaking(record)).flatMap((record) => ofDecision(record, decision)),
    ...changes.map((record) => line(record.at, `${record.actor} changed ${record.entity}: ${changeText(record)}.`)),
  ].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  return [...happened, line(decision.updatedAt, endingOf(decision))];
}

const isMaking = ({ action }: AuditRecord): boolean => action === 'decision.made';

function ofDecision(record: AuditRecord, decision: Decision): StoryLine[] {
  if (!isMaking(record)) {
    const [, to = ''] = record.action.split('.');
    return [
      line(record.at, `${record.actor} moved it from ${record.details.from} to ${to}${said(record, 'outcome')}.`),
    ];
  }
  const [rule = decision.rule, version] = decision.rule.split('@');
  const under = version === undefined ? '' : ` under version ${version} of the policy`;
  const cost = decision.costImpactMicrosPerDay;
  const worth =
    cost === 0 ? 'It changes no daily cost' : `It ${cost > 0 ? 'adds' : 'saves'} ${formatUsd(Math.abs(cost))} a day`;
  return [
    line(record.at, `The facts: ${factsText(decision)}.`),
    line(
      record.at,
      `${record.actor} decided by the rule ${rule}${under}: ${actionText(decision)}, because ${decision.why}.`,
    ),
    line(
      record.at,
      `${worth}; risk ${decision.risk}, confidence ${formatBps(decision.confidenceBps)}, expected ROI ${formatBps(decision.expectedRoiBps)}. ` +
        (decision.needsApproval ? 'It needed the approval of a person.' : 'It needed no approval.'),
    ),
  ];
}

function factsText({ evidence }: Decision): string {
  const facts = Object.entries(evidence).map(
    ([name, value]) => `${wordsOf(name)} ${value === null ? 'unknown' : factOf(name, value)}`,
  );
  return facts.length > 0 ? facts.join(', ') : 'none were recorded';
}

/** `costMicros` reads "cost", its amount as money; `successBps` reads "success", its share in percent. */
const wordsOf = (name: string): string =>
  name.replace(/(Micros|Bps)(?=$|[A-Z])/, '').replace(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`);

function factOf(name: string, value: string | number | boolean): string {
  if (typeof value === 'number' && /Micros/.test(name)) return formatUsd(value);
  if (typeof value === 'number' && /Bps/.test(name)) return formatBps(value);
  return String(value);
}

function actionText({ action }: Decision): string {
  switch (action.kind) {
    case 'scale_up':
    case 'scale_down':
      return `${action.agentId} from ${action.fromInstances} to ${action.toInstances} instances`;
    case 'budget_change':
      return `the budget of ${action.agentId} to ${formatUsd(action.limitMicros)}`;
    default:
      return `${action.kind.replace('_', ' ')} ${action.agentId}`;
  }
}

function ofApproval(record: AuditRecord, approval: Approval | null): StoryLine[] {
  const tier = approval ? ` at tier ${approval.tier}` : '';
  const said: Readonly<Record<string, string>> = {
    requested: `${record.actor} asked for approval${tier}, until ${approval ? iso(approval.expiresAt) : 'a time unknown'}`,
    mailed: 'The request was mailed',
    viewed: 'The page of the request was opened',
    approved: `${record.actor} approved exactly this action (hash ${String(approval?.actionHash).slice(0, 12)})`,
    rejected: `${record.actor} rejected it`,
    expired: 'Nobody answered in time, which means no',
    locked: 'Too many wrong codes: its links were closed',
    withdrawn: `${record.actor} withdrew the request`,
  };
  const [, verb = ''] = record.action.split('.');
  const sentence = said[verb] ?? `${record.actor}: ${record.action}`;
  return [line(record.at, `${sentence}.`)];
}

function changeText({ action, details }: AuditRecord): string {
  const fields = Object.entries(details).filter(([name, value]) => name !== 'why' && value !== null);
  return [action, ...fields.map(([name, value]) => `${name} ${String(value)}`)].join(', ');
}

function said({ details }: AuditRecord, name: string): string {
  const value = details[name];
  return value === null || value === undefined || value === '' ? '' : `: ${String(value)}`;
}

function endingOf({ status, outcome, id }: Decision): string {
  const ends: Partial<Record<Decision['status'], string>> = {
    executed: 'It was carried out',
    failed: 'It was not carried out',
    rejected: 'It was refused by a person, and nothing was done',
    expired: 'It ended without an answer, and nothing was done',
    superseded: 'It was overtaken by events, and nothing was done',
    awaiting_approval: 'It waits for a person',
    approved: 'It is allowed and about to be carried out',
    executing: 'It is being carried out',
    proposed: 'It is a proposal that nobody has taken up',
  };
  return `${ends[status] ?? status}${outcome ? `: ${outcome}` : ''}. (decision ${id})`;
}
