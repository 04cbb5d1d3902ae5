import { assignEntry } from '../../../shared/store/ledger-book.ts';
import { worldCommand } from '../../command.ts';
import { needed, text } from '../../fields.ts';
import { blocks } from '../../render/details.ts';
import { plural } from '../../render/words.ts';
import { entryView, renderEntries } from '../../views/ledger.ts';

export const command = worldCommand({
  noun: 'ledger',
  verb: 'assign',
  summary: 'say whose a payment is',
  detail:
    'The whole payment moves, with its refunds and fees, by pairs of adjustments; nothing is edited, and what is told of it later follows. --agent nobody puts it back among the unattributed.',
  args: { id: needed(text('an entry of the payment', 'id')) },
  options: {
    agent: needed(text('the agent, or nobody', 'id')),
    reason: needed(text('why', 'sentence')),
  },
  examples: ['nova ledger assign stripe:pi_123 --agent shop --reason "sold through its newsletter"'],
  async run({ id, agent, reason }, { world, actor }) {
    const agentId = agent === 'nobody' ? null : agent;
    const adjustments = await assignEntry(world, { id, agentId }, { actor, reason });
    return { id, agentId, adjustments: adjustments.map(entryView) };
  },
  render: ({ id, agentId, adjustments }, style) =>
    adjustments.length === 0
      ? `${id} is ${agentId ?? 'nobody'}’s already`
      : blocks(
          `${id} is ${agentId ?? 'nobody'}’s now: ${plural(adjustments.length, 'adjustment')}`,
          renderEntries(adjustments, style),
        ),
});
