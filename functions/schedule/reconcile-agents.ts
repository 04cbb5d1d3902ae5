import { reconcileAgentsJob } from '../../shared/jobs/reconcile-agents.ts';
import { lambdaSchedule } from '../../shared/runtime/lambda.ts';

export const job = reconcileAgentsJob;
export const handler = lambdaSchedule(job, () => import('../../shared/aws/world.ts'));
