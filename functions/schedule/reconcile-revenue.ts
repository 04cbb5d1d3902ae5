import { reconcileRevenueJob } from '../../shared/jobs/reconcile-revenue.ts';
import { lambdaSchedule } from '../../shared/runtime/lambda.ts';

export const job = reconcileRevenueJob;
export const handler = lambdaSchedule(job, () => import('../../shared/aws/world.ts'));
