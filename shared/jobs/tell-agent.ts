/** Work message `tell-agent`: a request was rejected, and the agent's next run is told why. */
import type { World } from '../ports/world.ts';
import { tellRejection } from '../store/agent-store.ts';
import { getApproval } from '../store/approval-store.ts';

/** Idempotent: one no is told once. */
export async function tellAgent(
  message: { readonly approvalId: string },
  { table }: Pick<World, 'table'>,
): Promise<undefined> {
  const approval = await getApproval(table, message.approvalId);
  if (approval?.status !== 'rejected' || approval.decidedAt === null) return;
  const { id: approvalId, agentId, title, reason, decidedAt: at } = approval;
  await tellRejection(table, agentId, { approvalId, title, reason, at });
}
