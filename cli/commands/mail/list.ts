import { worldCommand } from '../../command.ts';
import { count, defaulting } from '../../fields.ts';
import { caughtMails } from '../../mails.ts';
import { table } from '../../render/table.ts';
import { shortTime } from '../../render/words.ts';

export const command = worldCommand({
  noun: 'mail',
  verb: 'list',
  summary: 'mails that were caught here instead of sent, newest first',
  args: {},
  options: { limit: defaulting(count('at most so many', { min: 1, max: 100_000 }), 100) },
  examples: ['nova mail list', 'nova mail list --limit 5 --json'],
  async run({ limit }, { admin }) {
    const mails = await caughtMails(admin).list();
    const newest = mails.slice(-limit).reverse();
    return newest.map(({ id, at, from, to, subject }) => ({ id, at: new Date(at).toISOString(), from, to, subject }));
  },
  render: (mails, style) =>
    table(
      mails,
      [
        { title: 'MAIL', value: ({ id }) => id },
        { title: 'AT (UTC)', value: ({ at }) => shortTime(at) },
        { title: 'TO', value: ({ to }) => to.join(', '), min: 10, dropOrder: 1 },
        { title: 'SUBJECT', value: ({ subject }) => subject, min: 16 },
      ],
      style,
      'no mail yet',
    ),
});
