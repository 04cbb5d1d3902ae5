import { messageOf, NovaError } from '../../../shared/domain/error.ts';
import { isLiveStage } from '../../../shared/domain/stripe-movements.ts';
import { type Reach, worldCommand } from '../../command.ts';
import { gumroadAddress, gumroadSecrets, gumroadState } from '../../connectors.ts';
import { choice, needed, text } from '../../fields.ts';
import { details } from '../../render/details.ts';

export const command = worldCommand({
  noun: 'connector',
  verb: 'test',
  summary: 'ask a vendor whether it knows us',
  detail: 'It only reads. Exit code 1 when something is missing.',
  args: { id: needed(choice('which one', ['stripe', 'gumroad'])) },
  options: { url: text('where Gumroad reaches us, if not at our own address', 'https://…') },
  examples: ['nova connector test stripe', 'nova connector test gumroad --json'],
  async run({ id, url }, reach) {
    try {
      const found = id === 'stripe' ? await testStripe(reach) : await testGumroad(reach, url);
      return { id, ...found };
    } catch (thrown) {
      if (!(thrown instanceof NovaError)) throw thrown;
      return { id, ok: false, message: messageOf(thrown) };
    }
  },
  render: ({ id, ok, message }, style) =>
    details(id, [[ok ? 'works' : 'wrong', style.paint(ok ? 'green' : 'red', message)]], style),
  exit: ({ ok }) => (ok ? 0 : 1),
});

type Found = { readonly ok: boolean; readonly message: string };

async function testStripe({ world }: Reach): Promise<Found> {
  const mode = await world.stripe.mode();
  if (mode === null) return { ok: false, message: 'no key: nova secret set stripe-api-key' };
  const now = world.time.now();
  await world.stripe.page({ from: now - 3_600_000, to: now, account: null, after: null });
  if (mode === 'test' && isLiveStage(world.settings.stage))
    return { ok: false, message: 'the key is a test key, and this is a live stage' };
  return { ok: true, message: `the balance can be read, in ${mode} mode` };
}

async function testGumroad(reach: Reach, url: string | undefined): Promise<Found> {
  const { gumroad } = reach.world;
  if (!(await gumroad.connected())) return { ok: false, message: 'no token: nova secret set gumroad-access-token' };
  const { name } = await gumroad.seller();
  const state = await gumroadState(reach, await gumroadAddress(reach, url), await gumroadSecrets(reach));
  const missing = state.filter(({ state: is }) => is === 'missing').map(({ resource }) => resource);
  if (missing.length === 0) return { ok: true, message: `all ${state.length} resources tell us of ${name}` };
  return { ok: false, message: `not told of ${missing.join(', ')}: nova connector connect gumroad` };
}
