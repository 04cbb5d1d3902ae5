import { closeDayJob } from '../../shared/jobs/close-day.ts';
import { lambdaSchedule } from '../../shared/runtime/lambda.ts';

export const job = closeDayJob;
export const handler = lambdaSchedule(job, () => import('../../shared/aws/world.ts'));
