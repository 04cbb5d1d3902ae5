import { approvalJob } from '../../shared/jobs/approval.ts';
import { lambdaWeb } from '../../shared/runtime/lambda.ts';

export const job = approvalJob;
export const handler = lambdaWeb(job, () => import('../../shared/aws/world.ts'));
