/** Too many wrong codes: the links are dead, the trail says so, and the owner hears of it. */
import { type Approval, isOpen, MAX_CODE_ATTEMPTS } from '../domain/approval.ts';
import type { World } from '../ports/world.ts';
import { approvalChangeOps, getApproval } from './approval-store.ts';
import { publishOrLeave } from './commit.ts';
import { post } from './outbox-store.ts';

type Ports = Pick<World, 'table' | 'time' | 'ids' | 'hashing' | 'work' | 'log'>;

const TRIES = 4;

/** Locks once, with one notice; true when this call did it. What a crash leaves undone the sweep finds. */
export async function lockApproval(world: Ports, approvalId: string): Promise<boolean> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const approval = await getApproval(world.table, approvalId);
    if (!approval || approval.locked || !isOpen(approval, world.time.now())) return false;
    const notice = post(world, { queue: 'work', message: { v: 1, kind: 'notify', ...noticeOf(approval) } });
    const ops = approvalChangeOps(world, approval, {
      actor: 'system:approvals',
      action: 'approval.locked',
      details: { attempts: approval.attempts, decisionId: approval.subject },
      set: { locked: true },
      if: [
        { attr: 'status', op: '=', value: 'pending' },
        { attr: 'locked', op: '=', value: false },
        { attr: 'attempts', op: '>=', value: MAX_CODE_ATTEMPTS },
      ],
    });
    if (!(await world.table.transact([...ops, notice.op])).ok) continue;
    await publishOrLeave(world, [notice]);
    return true;
  }
  return false;
}

function noticeOf(approval: Approval): { subject: string; text: string; dedupKey: string } {
  return {
    subject: `Approval link locked: ${approval.title}`,
    text: [
      `Someone who has the link typed a wrong code ${MAX_CODE_ATTEMPTS} times, so the link answers nothing any more.`,
      'Nothing was approved. If it was not you, someone else can read your mail.',
      '',
      'You can still answer where you are known by name:',
      `./nova approval approve ${approval.id}`,
      `./nova approval reject ${approval.id}`,
      '',
      'If you do nothing, the request ends by itself and counts as rejected.',
    ].join('\n'),
    dedupKey: `approval-locked:${approval.id}`,
  };
}
