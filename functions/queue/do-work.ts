import { doWorkJob } from '../../shared/jobs/do-work.ts';
import { lambdaQueue } from '../../shared/runtime/lambda.ts';

export const job = doWorkJob;
export const handler = lambdaQueue(job, () => import('../../shared/aws/world.ts'));
