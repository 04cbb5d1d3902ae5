/** Work message `request-approval`: asks the owner by mail. */
import type { World } from '../ports/world.ts';
import { sendApproval } from '../store/approval-send.ts';
import type { WorkMessage } from '../wire/messages.ts';

export type RequestApprovalPorts = Pick<
  World,
  'table' | 'time' | 'ids' | 'hashing' | 'secrets' | 'mailer' | 'publicUrl' | 'settings'
>;
type Message = Extract<WorkMessage, { readonly kind: 'request-approval' }>;

/**
 * Idempotent once the mail is known to have gone out.
 * @throws NovaError unavailable while the mail cannot be sent: the message comes back.
 */
export async function requestApproval(message: Message, world: RequestApprovalPorts): Promise<undefined> {
  await sendApproval(world, message.approvalId);
}
