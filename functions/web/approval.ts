/** The page behind the link in an approval mail: shows what is asked, and takes one answer with its code. */
import type { World } from '../../shared/ports/world.ts';
import { decideResponse, readApprovalRequest, viewResponse } from '../../shared/runtime/approval-web.ts';
import type { WebJob } from '../../shared/runtime/job.ts';
import { lambdaWeb } from '../../shared/runtime/lambda.ts';
import { decideApproval } from '../../shared/store/approval-answer.ts';
import { viewApproval } from '../../shared/store/approval-view.ts';

const NEEDS = {
  settings: true,
  publicUrl: true,
  time: true,
  ids: true,
  hashing: true,
  log: true,
  table: true,
  work: true,
  secrets: true,
} as const;
type ApprovalPorts = Pick<World, keyof typeof NEEDS>;

export const job: WebJob<ApprovalPorts> = {
  name: 'approval',
  needs: NEEDS,
  async run(request, world) {
    const asked = await readApprovalRequest(request, world.publicUrl);
    if (asked.kind === 'answered') return asked.response;
    if (asked.kind === 'view') return viewResponse(await viewApproval(world, asked.id, asked.body.token));
    const { token, code, actionHash, decision: answer } = asked.body;
    const proof = { kind: 'link', token, code, actionHash } as const;
    return decideResponse(await decideApproval(world, { approvalId: asked.id, answer, proof }));
  },
};

export const handler = lambdaWeb(job, () => import('../../shared/aws/world.ts'));
