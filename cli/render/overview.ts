/** The state of the house as text: at the end of `nova status`, and parts of it under costs and revenue. */

import type { FinanceAlert } from '../../shared/domain/finance/alerts.ts';
import type { CostShare } from '../../shared/domain/finance/cost-share.ts';
import type { Advice } from '../../shared/domain/finance/overview.ts';
import { heldText } from '../held-back.ts';
import type { Overview } from '../overview.ts';
import { targetText } from '../targets.ts';
import { shareOf, shout } from '../views/finance.ts';
import { blocks } from './details.ts';
import { harmless, paintState, type Style, wrap } from './style.ts';
import { centsOf, plural, roiOf } from './words.ts';

export function renderOverview(
  { agents, health, buckets, month, target, advice, alerts }: Overview,
  style: Style,
): string {
  // Nobody is behind who has not begun.
  if (agents.total === 0) return '';
  const { high, middle, low, negative, unrated } = buckets;
  const { total, active, paused, retired } = agents;
  const counts = `${plural(total, 'agent')}: ${active} active, ${paused} paused, ${retired} retired`;
  const returns = `ROI from 300 %: ${high}, from 100: ${middle}, from 0: ${low}, negative: ${negative}, none yet: ${unrated}`;
  const { revenueMicros, costMicros, profitMicros, roiBps } = month;
  const state = paintState(style, health, shout(health));
  const money = `this month ${centsOf(revenueMicros)} net, cost ${centsOf(costMicros)}, profit ${centsOf(profitMicros)}, ROI ${roiOf(roiBps)}`;
  return blocks(
    [
      `${style.paint('bold', 'Health')} ${state}`,
      counts,
      returns,
      wrap(money, style.columns),
      wrap(heldText(month), style.columns),
      costShareText(month, style),
    ].join('\n'),
    targetText(target, style),
    adviceText(advice, style),
    alertsText(alerts, style),
  );
}

export function costShareText({ costShareBps, costStatus }: CostShare, style: Style): string {
  const state = paintState(style, costStatus, shout(costStatus));
  const share = costShareBps === null ? 'no revenue to share' : `${shareOf(costShareBps)} of the revenue`;
  return `AI cost ${share}: ${state}${style.paint('dim', ' (aim 5 %, alert above 10 %)')}`;
}

export const adviceText = (advice: readonly Advice[], style: Style): string =>
  listed(
    'Advice',
    advice.map(({ text }) => text),
    style,
  );

export function alertsText(alerts: readonly FinanceAlert[], style: Style): string {
  const lines = alerts.map(({ severity, message, recommendation }) => `${severity}: ${message}; ${recommendation}`);
  return listed(`Alerts (${alerts.length})`, lines, style);
}

function listed(title: string, lines: readonly string[], style: Style): string {
  if (lines.length === 0) return '';
  const shown = lines.map((line) => `- ${wrap(harmless(line), style.columns - 2, '  ')}`);
  return [style.paint('bold', title), ...shown.map((line) => painted(line, style))].join('\n');
}

/** The first word says how bad it is. */
const painted = (line: string, style: Style): string =>
  line.replace(/^- (critical|warning)/, (_, word: string) => `- ${paintState(style, word)}`);
