/** The page behind the link in an approval mail: shows what is asked, takes one answer; and the one that makes passkeys. */
import type { World } from '../../shared/ports/world.ts';
import * as web from '../../shared/runtime/approval-response.ts';
import { readApprovalRequest } from '../../shared/runtime/approval-web.ts';
import type { WebJob } from '../../shared/runtime/job.ts';
import { lambdaWeb } from '../../shared/runtime/lambda.ts';
import { systemPasskeys } from '../../shared/runtime/passkeys.ts';
import { decideApproval } from '../../shared/store/approval-answer.ts';
import { decideByPasskey, passkeyOffer } from '../../shared/store/approval-passkey.ts';
import { viewApproval } from '../../shared/store/approval-view.ts';
import { enrol, enrolmentOffer } from '../../shared/store/enrolment-store.ts';
import { isStopLink, stopByLink, viewStop } from '../../shared/store/stop-link.ts';

const PORTS = { settings: true, publicUrl: true, time: true, ids: true, hashing: true, log: true } as const;
const NEEDS = { ...PORTS, policy: true, table: true, work: true, secrets: true } as const;

export const job: WebJob<Pick<World, keyof typeof NEEDS>> = {
  name: 'approval',
  needs: NEEDS,
  async run(request, world) {
    const asked = await readApprovalRequest(request, world.publicUrl);
    if (asked.kind === 'answered') return asked.response;
    const { id, body } = asked;
    const [view, decide] = isStopLink(id) ? [viewStop, stopByLink] : [viewApproval, decideApproval];
    if (asked.kind === 'view') return web.viewResponse(await view(world, id, body.token), asked);
    if (asked.kind === 'challenge') return web.offerResponse(await passkeyOffer(world, id, body.token));
    if (asked.kind === 'enrol-offer') return web.enrolOfferResponse(await enrolmentOffer(world, id, asked.body));
    const able = { ...world, passkeys: systemPasskeys(world.log) };
    if (asked.kind === 'enrol') return web.enrolResponse(await enrol(able, id, asked.body));
    if ('assertion' in asked.body) {
      const { decision: answer, ...shown } = asked.body;
      return web.decideResponse(await decideByPasskey(able, { approvalId: id, answer, ...shown }), false);
    }
    const { decision: answer, reason, ...shown } = asked.body;
    const proof = { kind: 'link', ...shown } as const;
    return web.decideResponse(await decide(world, { approvalId: id, answer, proof, reason }), asked.plain);
  },
};

export const handler = lambdaWeb(job, () => import('../../shared/aws/world.ts'));
