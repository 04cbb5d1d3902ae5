import { REINVEST_BPS, reinvestment } from '../../../shared/domain/finance/reinvestment.ts';
import { SETTLE_DAYS } from '../../../shared/domain/finance/settled.ts';
import { booksOf, SPAN, spanView } from '../../books.ts';
import { worldCommand } from '../../command.ts';
import { count, defaulting } from '../../fields.ts';
import { holdBackRules } from '../../held-back.ts';
import { blocks } from '../../render/details.ts';
import { centsOf, plural } from '../../render/words.ts';
import { account, headline, shareOf } from '../../views/finance.ts';

export const command = worldCommand({
  noun: 'finance',
  verb: 'reinvestment',
  summary: 'how much of the settled profit may go back into the agents',
  detail:
    '70 % of the settled profit less the reserve for refunds, never below zero. A payment is settled when the vendor says that it may be paid out, or else when it is older than --settle-days; refunds, fees and costs count at once. It changes nothing: nova budget set does.',
  args: {},
  options: {
    ...SPAN,
    percent: defaulting(count('the share that goes back, in percent', { min: 0, max: 100 }), REINVEST_BPS / 100),
    settleDays: defaulting(count('days until revenue is settled', { min: 0, max: 365 }), SETTLE_DAYS),
  },
  examples: ['nova finance reinvestment', 'nova finance reinvestment --period month --settle-days 14 --json'],
  async run({ percent, settleDays, ...asked }, { world }) {
    const books = await booksOf(world, asked, 'all');
    const rules = { shareBps: percent * 100, ...(await holdBackRules(world, settleDays)) };
    const { shareBps } = rules;
    return { id: 'reinvestment', ...spanView(books), shareBps, settleDays, ...reinvestment(books, rules) };
  },
  render: (found, style) =>
    blocks(
      headline(
        `${centsOf(found.reinvestMicros)} may be reinvested`,
        found,
        style,
        `${shareOf(found.shareBps)} of the profit that is older than ${plural(found.settleDays, 'day')}`,
      ),
      account(
        [
          ['settled net revenue', found.settledNetMicros],
          ['cost of runs', -found.costMicros || 0],
          ['settled profit', found.settledProfitMicros],
          ['held back for refunds', -found.reserveMicros || 0],
          ['to reinvest', found.reinvestMicros],
          ['to withdraw', found.withdrawMicros],
          ['still pending', found.pendingMicros],
        ],
        style,
      ),
    ),
});
