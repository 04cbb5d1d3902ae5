import { evaluateAgentsJob } from '../../shared/jobs/evaluate-agents.ts';
import { lambdaSchedule } from '../../shared/runtime/lambda.ts';

export const job = evaluateAgentsJob;
export const handler = lambdaSchedule(job, () => import('../../shared/aws/world.ts'));
