import { NovaError } from '../../../shared/domain/error.ts';
import { roiReport } from '../../../shared/domain/finance/roi.ts';
import { ROI_TARGET_BPS } from '../../../shared/domain/finance/targets.ts';
import { theAgent } from '../../agents.ts';
import { booksOf, type MoneyRow, moneyOf, plain, SPAN, spanView, withNobody } from '../../books.ts';
import { worldCommand } from '../../command.ts';
import { text } from '../../fields.ts';
import { heldMoney, heldText, withHeld } from '../../held-back.ts';
import { blocks } from '../../render/details.ts';
import { table } from '../../render/table.ts';
import { centsOf, roiOf } from '../../render/words.ts';
import {
  COST,
  DEPARTMENT,
  foreignLine,
  headline,
  money,
  PROFIT,
  ROI,
  RUNS,
  shareOf,
  shout,
  WHO,
} from '../../views/finance.ts';

export const command = worldCommand({
  noun: 'finance',
  verb: 'roi',
  summary: 'what an agent, a department or all of them returned on what they cost',
  detail:
    'Ratings: from 500 % EXCELLENT, 300 GOOD, 100 FAIR, 0 POOR, below NEGATIVE. Without cost there is no ROI. The aim is 300 %.',
  args: { of: text('an agent or a department (default: all)', 'name') },
  options: SPAN,
  examples: ['nova finance roi', 'nova finance roi shop', 'nova finance roi sales --period month --json'],
  async run({ of, ...asked }, { world }) {
    const books = await booksOf(world, asked, 'all');
    const some = books.agents.filter(({ id, department }) => id === of || department === of);
    // Neither an agent nor a department: say which agents there are.
    if (of !== undefined && some.length === 0) await theAgent(world, of);
    if (of !== undefined && some.length === 0)
      throw new NovaError('not_found', `there is no agent or department "${of}"`);
    const ids = new Set(some.map(({ id }) => id));
    const theirs =
      of === undefined
        ? books
        : {
            ...books,
            agents: some,
            entries: books.entries.filter(({ agentId }) => agentId !== null && ids.has(agentId)),
            costs: books.costs.filter(({ agentId }) => ids.has(agentId)),
          };
    const { id: _, ...total } = plain(roiReport(theirs).total);
    const { agents, departments } = moneyOf(theirs);
    const held = await heldMoney(world, theirs);
    const shown = (of === undefined ? withNobody(agents) : agents).map((row) => withHeld(row, held.of.get(row.id)));
    const { id: __, ...judged } = withHeld({ id: 'all', ...total }, held.total);
    return { id: of ?? 'all', ...spanView(books), ...judged, targetBps: ROI_TARGET_BPS, agents: shown, departments };
  },
  render: (roi, style) =>
    blocks(
      headline(
        `ROI ${roiOf(roi.roiBps)}: ${shout(roi.rating)}`,
        roi,
        style,
        `cost ${centsOf(roi.costMicros)}, revenue ${centsOf(roi.netMicros)} net, profit ${centsOf(roi.profitMicros)}`,
        `margin ${shareOf(roi.marginBps)}, success ${shareOf(roi.successBps)} of ${roi.runs} runs; the aim is an ROI of ${roiOf(roi.targetBps)}`,
        heldText(roi),
        `decisions go by ${roiOf(roi.decisionRoiBps)}, with that taken off`,
        foreignLine(roi.unconverted, style),
      ),
      table(
        roi.agents,
        [
          WHO,
          { ...RUNS, dropOrder: 2 },
          COST,
          money<MoneyRow>('REVENUE', 'netMicros'),
          PROFIT,
          { title: 'HELD', value: ({ reserveMicros }) => centsOf(reserveMicros), align: 'money', dropOrder: 3 },
          ROI,
          { title: 'RATING', value: ({ rating }: MoneyRow) => shout(rating), state: true, dropOrder: 1 },
        ],
        style,
        'no agents',
      ),
      roi.departments.length > 1
        ? table(roi.departments, [DEPARTMENT, COST, money<MoneyRow>('REVENUE', 'netMicros'), PROFIT, ROI], style, '')
        : '',
    ),
});
