import { optionalSecret } from '../../../shared/connectors/optional-secret.ts';
import { NovaError } from '../../../shared/domain/error.ts';
import { changeRecorded } from '../../../shared/store/secret-record.ts';
import { worldCommand } from '../../command.ts';
import { flag, needed, text } from '../../fields.ts';
import { OURS, secretName, TWO_LIVE, typedSecret } from '../../secrets.ts';

export const command = worldCommand({
  noun: 'secret',
  verb: 'rotate',
  summary: 'take up a new version of a key; of a webhook’s, the old one stays valid until --finish',
  detail:
    'A secret that only we know (gumroad-ping-secret, ledger-hook-secret, approval-pepper) is made here; for another the ' +
    'new value is typed, piped in or read from a file. Running functions take it up within five minutes, or at the first ' +
    'refusal. A new approval-pepper voids the codes in mails that are under way: those requests can still be answered ' +
    'with nova approval approve. Revoke an old API key at its vendor.',
  args: { name: needed(text('stripe-webhook-secret, sendgrid-api-key …', 'name')) },
  options: {
    valueFile: text('read the new value from this file', 'path'),
    finish: flag('drop the old version: everybody uses the new one'),
  },
  prepared: { value: text('the value') },
  examples: [
    'nova secret rotate stripe-webhook-secret',
    'nova secret rotate stripe-webhook-secret --finish',
    'nova secret rotate ledger-hook-secret',
    'nova secret rotate approval-pepper --stage prod',
  ],
  async prepare({ name, valueFile, finish }, here) {
    const typed = finish || (OURS.includes(secretName(name)) && valueFile === undefined);
    return { name, valueFile: undefined, finish, value: typed ? undefined : await typedSecret(name, valueFile, here) };
  },
  async run({ name, value, finish }, { admin, world, actor }) {
    const kept = ((await optionalSecret(world.secrets, name)) ?? '').split(/[\s,]+/).filter(Boolean);
    if (kept.length === 0) throw new NovaError('not_found', `there is no "${name}" yet: nova secret set ${name}`);
    const [newest = ''] = kept;
    const versions = finish ? [newest] : [value ?? world.ids.token(32), ...(TWO_LIVE.includes(name) ? [newest] : [])];
    const action = finish ? 'secret.finished' : 'secret.rotated';
    await changeRecorded(world, { name, actor, action }, () => admin.secrets.set(name, versions.join(',')));
    return { id: name, versions: versions.length, updatedAt: new Date(world.time.now()).toISOString() };
  },
  render: ({ id, versions }) =>
    versions > 1
      ? `${id} is rotated; the old one is valid until: nova secret rotate ${id} --finish`
      : `${id} has one version`,
});
