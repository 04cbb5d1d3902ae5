import { runAgentJob } from '../../shared/jobs/run-agent.ts';
import { lambdaQueue } from '../../shared/runtime/lambda.ts';

export const job = runAgentJob;
export const handler = lambdaQueue(job, () => import('../../shared/aws/world.ts'));
