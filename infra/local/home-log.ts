import { appendFileSync, renameSync, statSync } from 'node:fs';
import type { Log } from '../../shared/ports/outside.ts';
import type { Time } from '../../shared/ports/time.ts';
import { jsonLog } from '../../shared/runtime/log.ts';

const MAX_BYTES = 10_000_000;

/** JSON lines in the data directory; at ten megabytes the file starts anew and the last one is kept beside it. */
export function homeLog(path: string, time: Time): Log {
  const sink = (line: string): void => {
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > MAX_BYTES) renameSync(path, `${path}.1`);
    appendFileSync(path, `${line}\n`, { mode: 0o600 });
  };
  return jsonLog({ time, sink, from: 'warn' });
}
