import { appendFileSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Log } from '../../shared/ports/outside.ts';
import type { Time } from '../../shared/ports/time.ts';
import { jsonLog } from '../../shared/runtime/log.ts';

const MAX_BYTES = 10_000_000;

/**
 * JSON lines in the data directory: warnings and errors in `path`, what runs say (`ctx.log`) in runs.log beside it, so
 * that a talkative agent hides no error. At ten megabytes a file starts anew and the last one is kept beside it.
 */
export function homeLog(path: string, time: Time): Log {
  const { warn, error } = jsonLog({ time, sink: appender(path), from: 'warn' });
  const { info } = jsonLog({ time, sink: appender(join(dirname(path), 'runs.log')), from: 'info' });
  return { info, warn, error };
}

function appender(path: string): (line: string) => void {
  return (line) => {
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > MAX_BYTES) renameSync(path, `${path}.1`);
    appendFileSync(path, `${line}\n`, { mode: 0o600 });
  };
}
