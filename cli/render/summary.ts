/** A snapshot as a page: the fleet, what was decided, what waits, where to look. */
import type { Snapshot } from '../snapshot.ts';
import type { AgentView } from '../views/agent.ts';
import { blocks } from './details.ts';
import { cut, harmless, type Style } from './style.ts';
import { table } from './table.ts';
import { centsOf, durationOf, plural, roiOf, shortTime, usdOf } from './words.ts';

/** How many lines of each; the rest is counted or left out. */
type Depth = {
  readonly agents: number;
  readonly ill: number;
  readonly decisions: number;
  readonly approvals: number;
  readonly mails: number;
};

/** From everything to what matters most. */
const DEPTHS: readonly Depth[] = [
  { agents: 20, ill: 5, decisions: 5, approvals: 10, mails: 3 },
  { agents: 20, ill: 3, decisions: 4, approvals: 3, mails: 1 },
  { agents: 10, ill: 2, decisions: 3, approvals: 2, mails: 0 },
  { agents: 6, ill: 1, decisions: 1, approvals: 1, mails: 0 },
  { agents: 3, ill: 1, decisions: 0, approvals: 1, mails: 0 },
];

/** As much of it as fits into so many lines. */
export function renderSummary(snapshot: Snapshot, style: Style, rows = Number.POSITIVE_INFINITY): string {
  const pages = DEPTHS.map((depth) => pageOf(snapshot, style, depth));
  return pages.find((page) => page.split('\n').length <= rows) ?? pages.at(-1) ?? '';
}

function pageOf(snapshot: Snapshot, style: Style, depth: Depth): string {
  return blocks(
    headOf(snapshot, style),
    fleetOf(snapshot, style, depth.agents),
    illOf(snapshot, style, depth.ill),
    totalsOf(snapshot, style),
    approvalsOf(snapshot, style, depth.approvals),
    decisionsOf(snapshot, style, depth.decisions),
    mailsOf(snapshot, style, depth.mails),
  );
}

function headOf(snapshot: Snapshot, style: Style): string {
  const { engine, place, url, mailUrl, startedAt, at, mode, halted, stage } = snapshot;
  const stopped = halted.length > 0 ? style.paint('red', `KILL SWITCH ON for ${halted.join(', ')}`) : '';
  const since = startedAt === null ? '' : ` for ${durationOf(Date.parse(at) - Date.parse(startedAt))}`;
  const where =
    place === 'engine' ? `${engine} engine running${since}` : place === 'stage' ? `stage ${stage}` : 'no engine runs';
  const addresses = [url, mailUrl === null ? null : `mail ${mailUrl}`].filter((one) => one !== null).join('   ');
  return [`${style.paint('bold', 'NovaOS')}  ${where}, autonomy ${mode}`, stopped, style.paint('cyan', addresses)]
    .filter(Boolean)
    .join('\n');
}

function fleetOf({ agents }: Snapshot, style: Style, most: number): string {
  const living = agents.filter(({ status }) => status !== 'retired');
  const shown = [...living, ...agents.filter(({ status }) => status === 'retired')].slice(0, most);
  const hidden = agents.length - shown.length;
  const lines = table(
    shown,
    [
      { title: 'AGENT', value: ({ id }) => id, min: 16 },
      { title: 'STATUS', value: shortStatus, state: true },
      { title: 'N', value: ({ instances }) => String(instances), align: 'right' },
      { title: 'RUNS', value: ({ runs }) => String(runs), align: 'right' },
      { title: 'OK', value: ({ succeeded }) => String(succeeded), align: 'right', dropOrder: 0 },
      { title: 'FAIL', value: ({ failed }) => String(failed), align: 'right', dropOrder: 2 },
      { title: 'CRASH', value: crashesOf, align: 'right' },
      { title: 'REF', value: ({ refused }) => String(refused), align: 'right', dropOrder: 1 },
      { title: 'COST', value: ({ costMicros }) => centsOf(costMicros), align: 'money' },
      { title: 'REVENUE', value: ({ revenueMicros }) => centsOf(revenueMicros), align: 'money' },
      { title: 'ROI', value: (agent) => roiOf(agent.roiBps), align: 'right' },
    ],
    style,
    'no agents yet: nova agent deploy <blueprint>',
  );
  return hidden > 0 ? `${lines}\n${style.paint('dim', `and ${plural(hidden, 'more agent')}: nova agent list`)}` : lines;
}

/** Who does not do what it should, and why: a crash, a lost lease, a task that it waits for. */
function illOf({ agents }: Snapshot, style: Style, most: number): string {
  const ill = agents.filter(({ health }) => health === 'unhealthy' || health === 'degraded');
  if (ill.length === 0) return '';
  const lines = ill
    .slice(0, most)
    .map(({ id, health, healthReasons }) =>
      cut(harmless(`${id} ${health}: ${healthReasons.join('; ')}`), style.columns),
    );
  return [style.paint('yellow', `Not well (${ill.length}): nova agent health`), ...lines].join('\n');
}

/** `paused: crash` */
const shortStatus = ({ status, pauseReason }: AgentView): string =>
  pauseReason ? `${status}: ${pauseReason.split('_')[0]}` : status;

const crashesOf = ({ crashed, timedOut }: AgentView): string => String(crashed + timedOut);

function totalsOf({ totals, budget, queues }: Snapshot, style: Style): string {
  const { runs, costMicros, revenueMicros, roiBps, unattributedMicros } = totals;
  const money = `${plural(runs, 'run')}, cost ${usdOf(costMicros)}, revenue ${usdOf(revenueMicros)}, ROI ${roiOf(roiBps)}`;
  const unattributed = unattributedMicros === 0 ? '' : `\n${usdOf(unattributedMicros)} of the revenue is unattributed`;
  const today = `today ${usdOf(budget.spentMicros)} of ${usdOf(budget.limitMicros)} (${budget.percent} %)`;
  const waiting = queues.reduce((sum, { visible, inFlight }) => sum + visible + inFlight, 0);
  const dead = queues.reduce((sum, queue) => sum + queue.dead, 0);
  const letters = dead === 0 ? '' : style.paint('red', `, ${plural(dead, 'dead letter')}: nova queue list`);
  return `${money}${unattributed}\n${today}, ${plural(waiting, 'message')} under way${letters}`;
}

function decisionsOf({ decisions }: Snapshot, style: Style, most: number): string {
  if (decisions.length === 0 || most === 0) return '';
  const lines = decisions.slice(0, most).map(({ createdAt, type, target, status, why }) => {
    return cut(
      harmless(
        `${shortTime(createdAt).slice(6)} ${type.replace('_', ' ')} ${target}: ${status.replace('_', ' ')}: ${why}`,
      ),
      style.columns,
    );
  });
  return [style.paint('bold', 'Decisions'), ...lines].join('\n');
}

function approvalsOf({ approvals }: Snapshot, style: Style, most: number): string {
  if (approvals.length === 0) return '';
  const lines = approvals.slice(0, most).map(({ id, title }) => cut(harmless(`${id} ${title}`), style.columns));
  return [style.paint('yellow', `Waiting for you (${approvals.length}): nova approval show <id>`), ...lines].join('\n');
}

function mailsOf({ mails }: Snapshot, style: Style, most: number): string {
  if (mails.length === 0 || most === 0) return '';
  const lines = mails
    .slice(0, most)
    .map(({ at, subject }) => cut(harmless(`${shortTime(at).slice(6)} ${subject}`), style.columns));
  return [style.paint('bold', 'Last mails'), ...lines].join('\n');
}
