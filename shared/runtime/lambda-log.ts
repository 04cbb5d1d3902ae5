/** Lambda's log: JSON lines of WARN and above, each with the invocation and the function it belongs to. */
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import type { Log } from '../ports/outside.ts';

export type LambdaLog = Log & {
  /** Called once an invocation: what is logged from here on belongs to it. */
  enter(context: Context): void;
};

/** The level is WARN unless POWERTOOLS_LOG_LEVEL, which an operator may set on one function for a while, says else. */
export function lambdaLog(service: string): LambdaLog {
  const logger = new Logger({ serviceName: service });
  if (logger.getLevelName() === 'INFO') logger.setLogLevel('WARN');
  return {
    enter: (context) => logger.addContext(context),
    info: (message, fields = {}) => logger.info(message, { ...fields }),
    warn: (message, fields = {}) => logger.warn(message, { ...fields }),
    error: (message, fields = {}) => logger.error(message, { ...fields }),
  };
}
