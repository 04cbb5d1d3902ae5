import { NovaError } from '../../../shared/domain/error.ts';
import { invite } from '../../../shared/store/enrolment-store.ts';
import { getOperator } from '../../../shared/store/operator-store.ts';
import { removePasskey } from '../../../shared/store/passkey-store.ts';
import { worldCommand } from '../../command.ts';
import { choice, defaulting, needed, text } from '../../fields.ts';
import { blocks } from '../../render/details.ts';
import { longTime } from '../../render/words.ts';
import { operatorView, renderPasskeys } from '../../views/operator.ts';

export const command = worldCommand({
  noun: 'operator',
  verb: 'passkey',
  summary: 'what a person proves with that it is them: add, list, remove',
  detail:
    'add mails a link that works once, for an hour, and shows the code that belongs to it here: give it to the person yourself. A passkey works at the address it was made at and nowhere else.',
  args: {
    act: needed(choice('what to do', ['add', 'list', 'remove'])),
    id: needed(text('the id of the operator', 'id')),
  },
  options: {
    label: defaulting(text('how to tell it from others', 'text'), 'passkey'),
    key: text('which one to remove', 'passkey'),
  },
  examples: [
    'nova operator passkey add owner --label phone',
    'nova operator passkey list owner',
    'nova operator passkey remove owner --key 3q2-7w',
  ],
  async run({ act, id, label, key }, { world, actor }) {
    if (act === 'remove') {
      if (key === undefined) throw new NovaError('bad_input', `which one? nova operator passkey list ${id}`);
      const after = await removePasskey(world, id, key, actor);
      return { id, passkeys: operatorView(after).passkeys, invitation: null };
    }
    const operator = await getOperator(world, id);
    if (!operator) throw new NovaError('not_found', `there is no operator "${id}"; nova operator list`);
    const { passkeys } = operatorView(operator);
    if (act === 'list') return { id, passkeys, invitation: null };
    const { id: invitationId, code, expiresAt } = await invite(world, { operatorId: id, label, actor });
    const invitation = { id: invitationId, to: operator.email, code, expiresAt: new Date(expiresAt).toISOString() };
    return { id, passkeys, invitation };
  },
  render: ({ passkeys, invitation }, style) =>
    blocks(
      renderPasskeys(passkeys, style),
      invitation
        ? `A link is on its way to ${invitation.to}. The page asks for this code:\n\n  ${invitation.code}\n\nGood once, until ${longTime(invitation.expiresAt)}.`
        : '',
    ),
});
