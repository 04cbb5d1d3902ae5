import { recordRevenueJob } from '../../shared/jobs/record-revenue.ts';
import { lambdaQueue } from '../../shared/runtime/lambda.ts';

export const job = recordRevenueJob;
export const handler = lambdaQueue(job, () => import('../../shared/aws/world.ts'));
