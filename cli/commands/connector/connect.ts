import { NovaError } from '../../../shared/domain/error.ts';
import { noteConnector } from '../../../shared/store/connector-store.ts';
import { worldCommand } from '../../command.ts';
import { ensureGumroadSecrets, gumroadAddress, subscribeGumroad } from '../../connectors.ts';
import { choice, needed, text } from '../../fields.ts';
import { blocks } from '../../render/details.ts';
import { table } from '../../render/table.ts';

export const command = worldCommand({
  noun: 'connector',
  verb: 'connect',
  summary: 'have a vendor tell us of everything that moves money',
  detail:
    'Set gumroad-access-token first. An address with a secret in it is made, and all eight resources are subscribed to and checked. To rotate it: nova secret set gumroad-ping-secret with the new one and the old one, connect, then again with the new one alone.',
  args: { id: needed(choice('which one', ['gumroad'])) },
  options: { url: text('where the vendor reaches us, if not at our own address', 'https://…') },
  examples: ['nova connector connect gumroad', 'nova connector connect gumroad --url https://tunnel.example.com'],
  async run({ id, url }, reach) {
    const { gumroad, table: store } = reach.world;
    if (!(await gumroad.connected()))
      throw new NovaError('misconfigured', 'there is no token of Gumroad: nova secret set gumroad-access-token');
    const prefix = await gumroadAddress(reach, url);
    const seller = await gumroad.seller();
    const resources = await subscribeGumroad(reach, prefix, await ensureGumroadSecrets(reach));
    await noteConnector(store, 'gumroad', { sellerId: seller.id, warning: '' });
    return { id, sellerId: seller.id, seller: seller.name, resources };
  },
  render: ({ seller, resources }, style) =>
    blocks(
      `Gumroad tells us of ${seller}`,
      table(
        resources,
        [
          { title: 'RESOURCE', value: ({ resource }) => resource },
          { title: 'SUBSCRIPTION', value: ({ state }) => state },
        ],
        style,
        '',
      ),
    ),
  exit: ({ resources }) => (resources.some(({ state }) => state === 'missing') ? 1 : 0),
});
