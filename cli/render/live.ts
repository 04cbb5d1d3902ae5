/**
 * The summary while an engine runs in front of somebody: redrawn in place on a terminal, and in a pipe or a log one line
 * for each thing that changed.
 */
import type { Snapshot } from '../snapshot.ts';
import type { Terminal } from '../terminal.ts';
import { statusText } from '../views/agent.ts';
import { harmless, type Style, styleOf } from './style.ts';
import { renderSummary } from './summary.ts';
import { plural, roiOf, shortTime, usdOf } from './words.ts';

export type Live = {
  show(snapshot: Snapshot): void;
};

export function liveSummary(terminal: Terminal, note: string): Live {
  return terminal.outIsTty ? redrawn(terminal, note) : told(terminal);
}

const CLEAR_BELOW = '\u001b[0J';
/** While drawing no cursor, and no wrapping: a line that became two could not be drawn over. */
const BEGIN = '\u001b[?25l\u001b[?7l';
const END = '\u001b[?7h\u001b[?25h';
const up = (lines: number): string => (lines > 0 ? `\u001b[${lines}A\r` : '\r');

function redrawn(terminal: Terminal, note: string): Live {
  let lines = 0;
  let last = '';
  return {
    show(snapshot) {
      const page = pageOf(snapshot, styleOf(terminal), note);
      if (page === last) return;
      terminal.out(`${BEGIN}${up(lines)}${CLEAR_BELOW}${page}\n${END}`);
      lines = page.split('\n').length;
      last = page;
    },
  };
}

/** Never taller than the terminal: what scrolled away cannot be drawn over. */
function pageOf(snapshot: Snapshot, style: Style, note: string): string {
  // Some terminals say 0, or nothing.
  const rows = (process.stdout.rows || 24) - 1;
  const page = `${renderSummary(snapshot, style, rows - 2)}\n\n${style.paint('dim', note)}`;
  return page.split('\n').slice(0, Math.max(10, rows)).join('\n');
}

function told(terminal: Terminal): Live {
  let before: Snapshot | null = null;
  return {
    show(snapshot) {
      for (const line of changesBetween(before, snapshot)) terminal.out(`${shortTime(snapshot.at).slice(6)} ${line}\n`);
      before = snapshot;
    },
  };
}

/** One sentence for each thing that is new or different. */
export function changesBetween(before: Snapshot | null, after: Snapshot): string[] {
  return [...agentChanges(before, after), ...decisionChanges(before, after), ...arrivals(before, after)].map((line) =>
    harmless(line),
  );
}

function agentChanges(before: Snapshot | null, { agents }: Snapshot): string[] {
  const known = new Map(before?.agents.map((agent) => [agent.id, agent]));
  return agents.flatMap((agent) => {
    const was = known.get(agent.id);
    const state = `${statusText(agent)}, ${plural(agent.instances, 'instance')}`;
    if (!was) return [`agent ${agent.id}: ${state}`];
    const lines: string[] = [];
    if (state !== `${statusText(was)}, ${plural(was.instances, 'instance')}`)
      lines.push(`agent ${agent.id}: now ${state}`);
    const money = was.costMicros !== agent.costMicros || was.revenueMicros !== agent.revenueMicros;
    if (was.runs !== agent.runs || was.refused !== agent.refused || money) lines.push(workOf(agent));
    return lines;
  });
}

function workOf(agent: Snapshot['agents'][number]): string {
  const { id, runs, succeeded, failed, crashed, timedOut, refused, costMicros, revenueMicros } = agent;
  const others = Object.entries({ failed, crashed: crashed + timedOut, refused }).filter(([, n]) => n > 0);
  const counts = [`${succeeded} ok`, ...others.map(([name, n]) => `${n} ${name}`)].join(', ');
  const money = `cost ${usdOf(costMicros)}, revenue ${usdOf(revenueMicros)}, ROI ${roiOf(agent.roiBps)}`;
  return `agent ${id}: ${plural(runs, 'run')} (${counts}), ${money}`;
}

function decisionChanges(before: Snapshot | null, { decisions }: Snapshot): string[] {
  const known = new Map(before?.decisions.map(({ id, status }) => [id, status]));
  return [...decisions].reverse().flatMap(({ id, type, target, status, why }) => {
    const said = `decision: ${type.replace('_', ' ')} ${target} is ${status.replace('_', ' ')}`;
    if (!known.has(id)) return [`${said}: ${why}`];
    return known.get(id) === status ? [] : [said];
  });
}

function arrivals(before: Snapshot | null, { mails, approvals, totals }: Snapshot): string[] {
  const knownMails = new Set(before?.mails.map(({ id }) => id));
  const knownApprovals = new Set(before?.approvals.map(({ id }) => id));
  const unattributed = totals.unattributedMicros;
  return [
    ...approvals
      .filter(({ id }) => !knownApprovals.has(id))
      .map(({ id, title }) => `waiting for you: ${title} (${id})`),
    ...[...mails]
      .reverse()
      .filter(({ id }) => !knownMails.has(id))
      .map(({ subject }) => `mail: ${subject}`),
    ...(unattributed !== (before?.totals.unattributedMicros ?? 0)
      ? [`unattributed revenue: ${usdOf(unattributed)}`]
      : []),
  ];
}
