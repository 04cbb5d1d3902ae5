import { NovaError } from '../../../shared/domain/error.ts';
import { worldCommand } from '../../command.ts';
import { needed, text } from '../../fields.ts';
import { caughtMails, linksIn } from '../../mails.ts';
import { blocks, details } from '../../render/details.ts';
import { harmless } from '../../render/style.ts';
import { longTime } from '../../render/words.ts';

export const command = worldCommand({
  noun: 'mail',
  verb: 'show',
  summary: 'one caught mail: its text and its links',
  args: { id: needed(text('the id of the mail, or "last"', 'id')) },
  options: {},
  examples: ['nova mail show last', 'nova mail show last --json'],
  async run({ id }, { admin }) {
    const mails = caughtMails(admin);
    const mail = id === 'last' ? (await mails.list()).at(-1) : await mails.show(id);
    if (!mail) throw new NovaError('not_found', `there is no mail "${id}"; nova mail list shows those there are`);
    const { from, to, subject, text: body, html } = mail;
    const at = new Date(mail.at).toISOString();
    return { id: mail.id, at, from, to, subject, text: body, html, links: linksIn(body) };
  },
  render: ({ subject, at, from, to, text: body }, style) =>
    blocks(
      details(
        subject,
        [
          ['at', longTime(at)],
          ['from', from],
          ['to', to.join(', ')],
        ],
        style,
      ),
      harmless(body),
    ),
});
