/**
 * Every way in which the system says that something is wrong: how bad it is, who is hurt and what to do. The first words
 * of an alert and of its section in docs/runbook.md. `facts` are judged by the sweep from the table (and, on one machine,
 * from the queues); what CloudWatch alone knows is an alarm there, with the same words.
 */

export type Severity = 'critical' | 'warning';
export type RuleSource = 'facts' | 'cloudwatch' | 'both';

export type Rule = {
  readonly severity: Severity;
  readonly source: RuleSource;
  /** One sentence: who is hurt. */
  readonly hurts: string;
  /** One sentence: what to do first; `<subject>` stands for what the alert is about. */
  readonly todo: string;
};

export const RULES = {
  negative_roi: {
    severity: 'critical',
    source: 'facts',
    hurts: 'You lose money with every run of this agent.',
    todo: 'Pause it with: nova agent pause <subject>, or retire it.',
  },
  low_roi: {
    severity: 'warning',
    source: 'facts',
    hurts: 'You win less with this agent than you put into it.',
    todo: 'Look at what it spends: nova finance roi <subject>.',
  },
  budget_warning: {
    severity: 'warning',
    source: 'facts',
    hurts: 'Its runs will be thinned out from 90 % and refused at 100 %.',
    todo: 'Look at what it spends, or raise it: nova budget show <subject>.',
  },
  budget_exceeded: {
    severity: 'critical',
    source: 'facts',
    hurts: 'Runs that need money are refused until the next period.',
    todo: 'Wait for the next period or raise it: nova budget set <subject> <amount>.',
  },
  high_crash_rate: {
    severity: 'critical',
    source: 'facts',
    hurts: 'The work of this agent is not done, and its crashes may cost money.',
    todo: 'Read why they crash: nova run list <subject>.',
  },
  dead_letters: {
    severity: 'critical',
    source: 'both',
    hurts: 'Messages could not be worked: runs, payments or decisions in them did not happen.',
    todo: 'Read why, mend it, then: nova queue redrive <subject>.',
  },
  oldest_message: {
    severity: 'critical',
    source: 'both',
    hurts: 'What waits in this queue does not happen: nobody works it, or it is held up.',
    todo: 'See what it waits for: nova queue list.',
  },
  backlog: {
    severity: 'warning',
    source: 'facts',
    hurts: 'Runs, payments or decisions come late: more arrives than is worked.',
    todo: 'See what fills it: nova queue list; pause the agents that tick too often.',
  },
  silent_function: {
    severity: 'critical',
    source: 'cloudwatch',
    hurts: 'A job that time wakes has not ended well for too long.',
    todo: 'Read why: the saved query nova-<stage>/failures, then: nova --stage <stage> cloud status.',
  },
  failing_requests: {
    severity: 'critical',
    source: 'cloudwatch',
    hurts: 'Requests from outside end in failures of our own.',
    todo: 'Read why: the saved query nova-<stage>/failures; who asked for what: nova-<stage>/slow-answers.',
  },
  throttles: {
    severity: 'warning',
    source: 'cloudwatch',
    hurts: 'Runs and payments come late: the account has no room for more invocations.',
    todo: 'Ask AWS for a higher limit of concurrent executions, or let fewer agents run at once.',
  },
  slow_sweep: {
    severity: 'warning',
    source: 'cloudwatch',
    hurts: 'When the sweep runs out of time, crashed runs are not recovered and nobody is told of anything.',
    todo: 'Retire what is not needed; then give the sweep more memory in infra/topology.ts.',
  },
  slow_function: {
    severity: 'warning',
    source: 'cloudwatch',
    hurts: 'Its work has grown: once it runs out of time, it is begun again and again and never ends.',
    todo: 'See what grew: nova --stage <stage> cloud status; then give <subject> more time or memory in infra/topology.ts.',
  },
  recursion_stopped: {
    severity: 'critical',
    source: 'cloudwatch',
    hurts: 'Lambda stopped messages that woke each other in a circle: what they were about did not happen.',
    todo: 'Read which, in the dead letters: nova --stage <stage> queue list; send none again before its cause is known.',
  },
  schedule_dead_letters: {
    severity: 'critical',
    source: 'cloudwatch',
    hurts: 'Ticks or mails about alarms could not be delivered: agents, the system itself or you missed something.',
    todo: 'Read the dead letters of nova-<stage>-schedules-dead: aws sqs receive-message; then: nova agent health.',
  },
  ticks_missing: {
    severity: 'warning',
    source: 'facts',
    hurts: 'The time of this agent came and nothing ran: its work is not done.',
    todo: 'See whether its schedule is there and what waits: nova agent health <subject>, nova queue list.',
  },
  drift: {
    severity: 'warning',
    source: 'facts',
    hurts: 'What runs is not what was decided: work is missing, or is done that nobody wants.',
    todo: 'See which instances: nova agent show <subject>; the reconciler mends it at half past the hour.',
  },
  task_stuck: {
    severity: 'critical',
    source: 'facts',
    hurts: 'You pay for a task that nobody can stop from here: its time-out and all that was held for it are over.',
    todo: 'End it by hand: aws ecs stop-task --cluster nova-<stage> --task <subject>, then look at it in the ECS console.',
  },
  approval_waiting: {
    severity: 'warning',
    source: 'facts',
    hurts: 'A decision waits for you and will expire as rejected.',
    todo: 'Answer it: nova approval show <subject>.',
  },
  decisions_silent: {
    severity: 'critical',
    source: 'facts',
    hurts: 'Nobody judges the agents: losers go on losing up to their budgets, winners are not scaled.',
    todo: 'Ask for a pass and read what it says: nova autonomy run.',
  },
  webhooks_refused: {
    severity: 'warning',
    source: 'facts',
    hurts: 'Payments may go unheard: requests with a wrong signature were turned away.',
    todo: 'Compare the signing secret with the vendor: nova connector test <subject>; if it is right, somebody tries to forge.',
  },
  ledger_drift: {
    severity: 'critical',
    source: 'facts',
    hurts: 'The money you see is not the money that was booked, and decisions rest on it.',
    todo: 'See what is wrong: nova ledger verify; sums are rebuilt with --repair.',
  },
  audit_gap: {
    severity: 'critical',
    source: 'facts',
    hurts: 'A record of who changed what is missing or was altered.',
    todo: 'See which: nova audit verify; then find out who had write access to the table.',
  },
  went_back: {
    severity: 'critical',
    source: 'facts',
    hurts: 'Everything is stopped: the data were restored or copied, and do not know what was spent and earned since.',
    todo: "Compare with the world: nova ledger reconcile, nova status; then: nova killswitch off --why '…'.",
  },
  channel_broken: {
    severity: 'warning',
    source: 'facts',
    hurts: 'Alerts do not reach you on this channel.',
    todo: 'Mend its secret or address, then: nova channel test <subject>.',
  },
} as const satisfies Record<string, Rule>;

export type RuleId = keyof typeof RULES;
export const RULE_IDS = Object.keys(RULES) as readonly RuleId[];
export const isRule = (id: string): id is RuleId => Object.hasOwn(RULES, id);

/** Engines of one machine: there a command needs no stage. */
const HERE: ReadonlySet<string> = new Set(['', 'local', 'memory']);

/** Words with every command as it must be typed to reach the stage; `''`: the machine one sits at. */
export function onStage(words: string, stage: string): string {
  if (HERE.has(stage)) return words;
  return words.replaceAll('<stage>', stage).replace(/\bnova (?!--)(?=[a-z])/g, `nova --stage ${stage} `);
}

/** Where it is, in front of a subject line; nothing where there is only one place. */
export const stageMark = (stage: string): string => (HERE.has(stage) ? '' : `[${stage}] `);

/** What to do about one subject, as it is typed where one sits, or for a stage. */
export const todoFor = (rule: RuleId, subject: string, stage = ''): string =>
  spelled(onStage(RULES[rule].todo, stage), subject);

/** A limit that is not the dollars of a day is typed as its scope and two options. */
function spelled(words: string, subject: string): string {
  const [, scope, kind, per] = /^(.+)#(\w+)-(\w+)$/.exec(subject) ?? [];
  if (scope === undefined) return words.replaceAll('<subject>', subject);
  const amount = `${scope} <amount> --kind ${kind} --period ${per}`;
  return words.replaceAll('<subject> <amount>', amount).replaceAll('<subject>', scope);
}
