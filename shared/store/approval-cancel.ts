/** Two people have said yes: everybody who may answer is told, with a link and a code that call it off. */
import { cancelMail } from '../domain/approval-cancel-mail.ts';
import { isApprover } from '../domain/operator.ts';
import type { World } from '../ports/world.ts';
import { mailOnce } from './approval-send.ts';
import { getApproval } from './approval-store.ts';
import { listOperators } from './operator-store.ts';

type Ports = Pick<World, 'table' | 'time' | 'ids' | 'hashing' | 'secrets' | 'mailer' | 'publicUrl' | 'settings'>;

/** Each person once; nothing when it has been called off or has taken effect meanwhile. */
export async function offerCancel(world: Ports, approvalId: string): Promise<void> {
  const approval = await getApproval(world.table, approvalId);
  if (approval?.status !== 'pending' || approval.effectiveAt === null) return;
  for (const operator of (await listOperators(world)).filter(isApprover)) {
    await mailOnce(world, approvalId, { operator, kind: 'cancel', canApprove: false, contentOf: cancelMail });
  }
}
