import { evaluateAgents } from '../../../shared/jobs/evaluate-agents.ts';
import type { EvaluationReport } from '../../../shared/jobs/evaluation-report.ts';
import { worldCommand } from '../../command.ts';
import { flag } from '../../fields.ts';
import { blocks } from '../../render/details.ts';
import type { Style } from '../../render/style.ts';
import { table } from '../../render/table.ts';
import { plural, roiOf, usdOf } from '../../render/words.ts';

export const command = worldCommand({
  noun: 'autonomy',
  verb: 'run',
  summary: 'judge all agents now, and decide as far as the mode allows',
  detail:
    'The same pass as the one that runs by itself. What is decided is carried out by the engine, or waits for you.',
  args: {},
  options: { dryRun: flag('say what would be decided in any mode; write nothing') },
  examples: ['nova autonomy run', 'nova autonomy run --dry-run --json'],
  run: async ({ dryRun }, { world, actor }) => ({
    id: 'autonomy',
    ...(await evaluateAgents(world, { dryRun, actor })),
  }),
  render: (report, style) =>
    blocks(
      renderAnalyses(report, style),
      renderDecided(report, style),
      ...report.errors.map(({ agentId, why }) => style.paint('red', `${agentId}: ${why}`)),
      footOf(report, style),
    ),
});

function renderAnalyses({ analyses }: EvaluationReport, style: Style): string {
  return table(
    analyses,
    [
      { title: 'AGENT', value: ({ id }) => id, min: 10 },
      { title: 'RUNS', value: ({ runs }) => String(runs), align: 'right' },
      { title: 'ROI', value: ({ roiBps }) => roiOf(roiBps), align: 'right' },
      { title: 'HEALTH', value: ({ health }) => health, state: true, dropOrder: 1 },
      { title: 'VERDICT', value: ({ verdict }) => verdict.replace('_', ' ') },
      { title: 'WHY', value: ({ why, capped }) => capped ?? why, min: 20 },
    ],
    style,
    'no agents to judge',
  );
}

function renderDecided({ decisions, dryRun }: EvaluationReport, style: Style): string {
  if (decisions.length === 0) return '';
  const title = style.paint('bold', dryRun ? 'Would be decided' : 'Decided');
  const lines = table(
    decisions,
    [
      { title: 'WHAT', value: ({ type }) => type.replace('_', ' ') },
      { title: 'AGENT', value: ({ target }) => target, min: 8 },
      { title: 'STATUS', value: ({ status }) => status, state: true },
      { title: '$/DAY', value: (one) => usdOf(one.costImpactMicrosPerDay), align: 'money' },
      { title: 'WHY', value: ({ why }) => why, min: 20 },
    ],
    style,
    '',
  );
  return `${title}\n${lines}`;
}

function footOf(report: EvaluationReport, style: Style): string {
  const { mode, dryRun, decisions, pendingApprovals, budgetRemainingMicros } = report;
  const lines = [
    `${decisions.length === 0 ? 'nothing to decide; ' : ''}mode ${mode}, ${usdOf(budgetRemainingMicros)} of today's budget left`,
    pendingApprovals > 0 ? `${plural(pendingApprovals, 'approval')} waiting: nova approval list` : '',
    mode === 'off' && !dryRun ? 'autonomy is off, so nothing was decided: nova autonomy set auto' : '',
  ];
  return lines
    .filter(Boolean)
    .map((line) => style.paint('dim', line))
    .join('\n');
}
