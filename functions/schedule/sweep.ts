import { sweepJob } from '../../shared/jobs/sweep.ts';
import { lambdaSchedule } from '../../shared/runtime/lambda.ts';

export const job = sweepJob;
export const handler = lambdaSchedule(job, () => import('../../shared/aws/world.ts'));
