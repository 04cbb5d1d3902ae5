import { instantsOf, spanOf } from '../../../shared/domain/finance/span.ts';
import type { LedgerEntry } from '../../../shared/domain/ledger.ts';
import { entriesBetween, entriesOfDays } from '../../../shared/store/ledger-days.ts';
import { SPAN } from '../../books.ts';
import { worldCommand } from '../../command.ts';
import { choice, count, flag, text } from '../../fields.ts';
import { entryView, renderEntries } from '../../views/ledger.ts';

const SOURCES = ['stripe', 'gumroad', 'agent', 'hook', 'manual'] as const;

export const command = worldCommand({
  noun: 'ledger',
  verb: 'list',
  summary: 'entries of some days, the newest first',
  detail: 'The last 30 days unless told. What no agent could be found for is listed with --unattributed.',
  args: {},
  options: {
    ...SPAN,
    agent: text('only this agent’s', 'id'),
    source: choice('only from there', SOURCES),
    kind: text('only this kind: revenue, refund, fee, dispute, payout …', 'kind'),
    unattributed: flag('only what is nobody’s'),
    limit: count('at most so many (default: all)', { min: 1, max: 1_000_000 }),
  },
  examples: [
    'nova ledger list',
    'nova ledger list --unattributed --period all',
    'nova ledger list --source stripe --json',
  ],
  async run({ agent, source, kind, unattributed, limit, ...asked }, { world }) {
    const { timezone } = world.settings;
    const span = spanOf(asked, world.time.now(), { timezone, fallback: 'month' });
    const { fromMs, toMs } = instantsOf(span);
    const entries =
      span.from === null
        ? await entriesOfDays(world.table, '0000-01-01', '9999-12-31')
        : await entriesBetween(world.table, fromMs, toMs);
    const wanted = (entry: LedgerEntry): boolean =>
      (agent === undefined || entry.agentId === agent) &&
      (source === undefined || entry.source === source) &&
      (kind === undefined || entry.kind === kind) &&
      (!unattributed ||
        (entry.agentId === null &&
          entry.bucket !== 'payout' &&
          !['split', 'house'].includes(entry.attribution.method)));
    return entries.filter(wanted).reverse().slice(0, limit).map(entryView);
  },
  render: (entries, style) => renderEntries(entries, style),
});
