import { NovaError } from '../../../shared/domain/error.ts';
import { getAgent } from '../../../shared/store/agent-store.ts';
import { mapAccount } from '../../../shared/store/connector-store.ts';
import { quarantinedOf } from '../../../shared/store/revenue-intake.ts';
import { worldCommand } from '../../command.ts';
import { needed, text } from '../../fields.ts';
import { plural } from '../../render/words.ts';

export const command = worldCommand({
  noun: 'connector',
  verb: 'account',
  summary: 'say which agent a connected account of Stripe belongs to',
  detail: 'Events of accounts that nobody has claimed are kept aside; those of the last 30 days are booked then.',
  args: { account: needed(text('the account, as Stripe names it', 'acct_…')) },
  options: { agent: needed(text('whose its money is', 'id')) },
  examples: ['nova connector account acct_1Pga --agent shop'],
  async run({ account, agent: agentId }, { world }) {
    if (!/^acct_\w{1,90}$/.test(account))
      throw new NovaError('bad_input', `an account of Stripe is named like acct_1Pga; got "${account}"`);
    if (!(await getAgent(world.table, agentId))) throw new NovaError('not_found', `there is no agent "${agentId}"`);
    await mapAccount(world.table, 'stripe', { account, agentId });
    const kept = await quarantinedOf(world, account);
    const receivedAt = world.time.now();
    await world.revenue.sendMany(kept.map((body) => ({ v: 1, kind: 'stripe', receivedAt, body })));
    return { id: account, agentId, resent: kept.length };
  },
  render: ({ id, agentId, resent }) => `${id} is ${agentId}’s; ${plural(resent, 'event')} of it are booked now`,
});
