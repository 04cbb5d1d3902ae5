/** Work message `notify`: tells the owner something by mail. */
import { noticeMail } from '../domain/mail-page.ts';
import type { World } from '../ports/world.ts';
import type { WorkMessage } from '../wire/messages.ts';

export type NotifyPorts = Pick<World, 'mailer' | 'settings'>;
type Message = Extract<WorkMessage, { readonly kind: 'notify' }>;

/**
 * Sends at least once; a second delivery carries the same key.
 * @throws NovaError unavailable while the mail cannot be sent: the message comes back.
 */
export async function notify(message: Message, { mailer, settings }: NotifyPorts): Promise<undefined> {
  const to = settings.ownerEmail;
  await mailer.send({ to, dedupKey: message.dedupKey, ...noticeMail(message, to) });
}
