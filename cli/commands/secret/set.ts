import { changeRecorded } from '../../../shared/store/secret-record.ts';
import { worldCommand } from '../../command.ts';
import { needed, text } from '../../fields.ts';
import { typedSecret } from '../../secrets.ts';

export const command = worldCommand({
  noun: 'secret',
  verb: 'set',
  summary: 'keep a key of the outside world',
  detail:
    'The value comes from a hidden prompt, from standard input or from a file; never from the command line, where others could see it. It is shown nowhere.',
  args: { name: needed(text('stripe-webhook-secret, sendgrid-api-key …', 'name')) },
  options: { valueFile: text('read the value from this file', 'path') },
  prepared: { value: needed(text('the value')) },
  examples: [
    'nova secret set stripe-webhook-secret',
    'nova secret set sendgrid-api-key --value-file ./sendgrid.key',
    'nova secret set stripe-webhook-secret --stage prod',
  ],
  async prepare({ name, valueFile }, here) {
    return { name, valueFile: undefined, value: await typedSecret(name, valueFile, here) };
  },
  async run({ name, value }, { admin, world, actor }) {
    await changeRecorded(world, { name, actor, action: 'secret.set' }, () => admin.secrets.set(name, value));
    return { id: name, updatedAt: new Date(world.time.now()).toISOString() };
  },
  render: ({ id }) => `${id} is set`,
});
