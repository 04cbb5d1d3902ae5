import { BUILT_IN, quietHoursOf } from '../../../shared/domain/alert/channel.ts';
import { addChannel, restoreChannel } from '../../../shared/store/channel-store.ts';
import { worldCommand } from '../../command.ts';
import { choice, defaulting, flag, needed, text } from '../../fields.ts';
import { channelView } from '../../views/alert.ts';

export const command = worldCommand({
  noun: 'channel',
  verb: 'add',
  summary: 'tell alerts somewhere else as well',
  detail:
    'Secrets are set apart, as channel-<name>: the URL of a Slack webhook, the token of Twilio, the signing key of a webhook (32 characters or more). A mail to the owner and the event bus are there already; one that was removed comes back with its name alone.',
  args: { id: needed(text('its name', 'name')) },
  options: {
    kind: defaulting(choice('what it is', ['email', 'slack', 'sms', 'webhook']), 'email'),
    to: defaulting(text('the address, the number or the https URL', 'address'), ''),
    account: defaulting(text("Twilio's account SID", 'sid'), ''),
    from: defaulting(text('your number at Twilio', 'number'), ''),
    severity: defaulting(choice('from which severity on', ['warning', 'critical']), 'warning'),
    quiet: text("hours of the owner's zone in which only what is critical passes", '22:00-07:00'),
    inside: flag('webhook: it is in your own network, as n8n beside it; else private addresses are refused'),
    standsBehind: flag('hears only of what nobody has taken on for half an hour'),
  },
  examples: [
    'nova channel add ops --kind slack --quiet 22:00-07:00',
    'nova channel add phone --kind sms --to +41791234567 --from +15005550006 --account AC00000000000000000000000000000000 --severity critical',
    'nova channel add n8n --kind webhook --to https://n8n.example.com/webhook/nova',
    'nova channel add flows --kind webhook --to http://localhost:5678/webhook/nova --inside',
    'nova channel add partner --to partner@example.com --stands-behind',
  ],
  async run({ id: name, kind, to, account, from, severity, quiet, standsBehind, inside }, { world, actor }) {
    const built = BUILT_IN.find((one) => one.name === name);
    if (built) {
      await restoreChannel(world, name, actor);
      return channelView(built);
    }
    const hours = quiet === undefined ? null : quietHoursOf(quiet);
    const channel = { name, kind, to, account, from, severity, quiet: hours, standsBehind, inside, problem: '' };
    return channelView(await addChannel(world, channel, actor));
  },
  render: ({ id, secret }) =>
    secret === null ? `${id} is added` : `${id} is added; now its secret: nova secret set ${secret}`,
});
