/**
 * The health check of the images: exit code 0 while the heart of the task beats. A program of its own, because it is started
 * every half a minute beside the task, out of the same memory.
 */
import { systemTime } from '../../shared/runtime/clock.ts';
import { isHealthy } from './health.ts';

process.exit(isHealthy(systemTime.now()) ? 0 : 1);
