import { readFileSync } from 'node:fs';
import { messageOf, NovaError } from '../../../shared/domain/error.ts';
import { type Here, worldCommand } from '../../command.ts';
import { needed, text } from '../../fields.ts';

const NAME = /^[a-z][a-z0-9-]{0,62}$/;
/** What a parameter of AWS's standard tier holds. */
const MAX_BYTES = 4096;

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
    if (!NAME.test(name)) {
      throw new NovaError('bad_input', `a secret's name is lower-case letters, digits and dashes; got "${name}"`);
    }
    const value = (await typedValue(name, valueFile, here)).replace(/\r?\n$/, '');
    const bytes = Buffer.byteLength(value);
    if (bytes === 0) throw new NovaError('bad_input', 'the value is empty; nothing was changed');
    if (bytes > MAX_BYTES) throw new NovaError('too_large', `a secret has at most ${MAX_BYTES} bytes; got ${bytes}`);
    return { name, valueFile: undefined, value };
  },
  async run({ name, value }, { admin, world }) {
    await admin.secrets.set(name, value);
    return { id: name, updatedAt: new Date(world.time.now()).toISOString() };
  },
  render: ({ id }) => `${id} is set`,
});

async function typedValue(name: string, file: string | undefined, { terminal }: Here): Promise<string> {
  if (file === undefined)
    return terminal.inIsTty ? terminal.ask(`value of ${name}: `, { hidden: true }) : terminal.readAll();
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    throw new NovaError('bad_input', `the file "${file}" cannot be read: ${messageOf(thrown)}`);
  }
}
