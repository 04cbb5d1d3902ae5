/**
 * Lambda's log: JSON lines of WARN and above, each with the invocation and the function it belongs to. A run that
 * succeeds logs nothing, so the logger is loaded (9 ms) with the first line that there is.
 */
import type { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import type { JsonObject } from '../domain/agent.ts';
import type { Log } from '../ports/outside.ts';
import { wantsInfoLogs } from './env.ts';

export type LambdaLog = Log & {
  /** Called once an invocation: what is logged from here on belongs to it. */
  enter(context: Context): void;
  /** Resolves when every line is written: nothing may be left when Lambda freezes the process. */
  written(): Promise<void>;
};

export function lambdaLog(service: string): LambdaLog {
  let logger: Promise<Logger> | undefined;
  let current: Context | undefined;
  const open = async (): Promise<Logger> => {
    const powertools = await import('@aws-lambda-powertools/logger');
    return new powertools.Logger({ serviceName: service, logLevel: wantsInfoLogs() ? 'INFO' : 'WARN' });
  };
  let lines: Promise<void>[] = [];
  const write = (level: 'info' | 'warn' | 'error', message: string, fields: JsonObject = {}): void => {
    const context = current;
    logger ??= open();
    lines.push(
      logger.then((opened) => {
        if (context) opened.addContext(context);
        opened[level](message, { ...fields });
      }),
    );
  };
  return {
    enter: (context) => {
      current = context;
    },
    info: (message, fields) => {
      if (wantsInfoLogs()) write('info', message, fields);
    },
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
    written: async () => {
      const mine = lines;
      lines = [];
      await Promise.all(mine);
    },
  };
}
