import { sharesText } from '../../../shared/domain/split.ts';
import { getAgent } from '../../../shared/store/agent-store.ts';
import { entryNamed } from '../../../shared/store/ledger-book.ts';
import { getThread } from '../../../shared/store/ledger-store.ts';
import { worldCommand } from '../../command.ts';
import { needed, text } from '../../fields.ts';
import { details } from '../../render/details.ts';
import { longTime, usdOf } from '../../render/words.ts';
import { entryView, presentedText } from '../../views/ledger.ts';

export const command = worldCommand({
  noun: 'ledger',
  verb: 'show',
  summary: 'one entry, and whose its payment is now',
  args: { id: needed(text('the entry, as ledger list names it', 'id')) },
  options: {},
  examples: ['nova ledger show stripe:pi_123', 'nova ledger show manual:01jd --json'],
  async run({ id }, { world }) {
    const entry = await entryNamed(world, id);
    const thread = await getThread(world.table, entry);
    const ownerId = thread ? thread.whose.agentId : entry.agentId;
    const owner = ownerId === null ? null : await getAgent(world.table, ownerId);
    return {
      ...entryView(entry),
      /** Adjustments may have moved it since it was booked. */
      ownerId,
      ownerMethod: thread ? thread.whose.method : entry.attribution.method,
      /** Of a payment that a rule shares: the rule, and who has how much of it. */
      rule: thread?.whose.rule ?? null,
      shares: thread?.whose.shares ?? [],
      department: owner?.department ?? null,
      eventId: entry.originalRef.eventId,
      objectId: entry.originalRef.objectId,
    };
  },
  render: (entry, style) =>
    details(
      entry.id,
      [
        ['kind', entry.kind],
        ['amount', `${entry.amount} ${entry.currency}`],
        ['in dollars', entry.amountMicros === null ? 'no rate is known' : usdOf(entry.amountMicros)],
        ['buyer saw', presentedText(entry)],
        ['moved', longTime(entry.at)],
        ['booked', longTime(entry.bookedAt)],
        ['payable from', entry.availableAt === null ? null : longTime(entry.availableAt)],
        ['booked under', entry.agentId ?? '(unattributed)'],
        [
          'now of',
          `${entry.rule === null ? (entry.ownerId ?? '(unattributed)') : sharesText(entry.shares)} by ${entry.rule ?? entry.ownerMethod}`,
        ],
        ['department', entry.department],
        ['payment', entry.paymentKey],
        ['told by', entry.eventId],
        ['about', entry.objectId],
        ['mode', entry.livemode ? null : 'test'],
        ['note', entry.note],
      ],
      style,
    ),
});
