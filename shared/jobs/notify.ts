/** Work message `notify`: tells the owner something by mail. */
import { noticeMail } from '../domain/mail-page.ts';
import { stopHtml, stopText } from '../domain/stop-mail.ts';
import type { World } from '../ports/world.ts';
import { newStopLink } from '../store/stop-link.ts';
import type { WorkMessage } from '../wire/messages.ts';

export type NotifyPorts = Pick<
  World,
  'mailer' | 'settings' | 'table' | 'time' | 'ids' | 'hashing' | 'secrets' | 'publicUrl'
>;
type Message = Extract<WorkMessage, { readonly kind: 'notify' }>;

/**
 * Sends at least once; a second delivery carries the same key.
 * @throws NovaError unavailable while the mail cannot be sent: the message comes back.
 */
export async function notify(message: Message, world: NotifyPorts): Promise<undefined> {
  const to = world.settings.ownerEmail;
  const stop = await newStopLink(world, to);
  const after = { text: stopText(stop), html: stopHtml(stop) };
  await world.mailer.send({ to, dedupKey: message.dedupKey, ...noticeMail(message, to, after) });
}
