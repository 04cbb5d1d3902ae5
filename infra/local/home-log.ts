import { appendFileSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf } from '../../shared/domain/error.ts';
import type { Log } from '../../shared/ports/outside.ts';
import type { Time } from '../../shared/ports/time.ts';
import { jsonLog } from '../../shared/runtime/log.ts';

const MAX_BYTES = 10_000_000;

type LogOptions = {
  /** Hears once that a file can no longer be written; the terminal of the engine unless told. */
  readonly complain?: (text: string) => void;
};

/**
 * JSON lines in the data directory: warnings and errors in `path`, what runs say (`ctx.log`) in runs.log beside it, so
 * that a talkative agent hides no error. At ten megabytes a file starts anew and the last one is kept beside it. Whoever
 * logs is never stopped by it: lines that a full disk does not take are counted, and the first one after them says so.
 */
export function homeLog(path: string, time: Time, { complain = onTerminal }: LogOptions = {}): Log {
  const { warn, error } = jsonLog({ time, sink: appender(path, time, complain), from: 'warn' });
  const runs = appender(join(dirname(path), 'runs.log'), time, complain);
  return { info: jsonLog({ time, sink: runs, from: 'info' }).info, warn, error };
}

function appender(path: string, time: Time, complain: (text: string) => void): (line: string) => void {
  let lost = 0;
  return (line) => {
    try {
      if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > MAX_BYTES) renameSync(path, `${path}.1`);
      appendFileSync(path, `${lost === 0 ? '' : lossOf(lost, time)}${line}\n`, { mode: 0o600 });
      lost = 0;
    } catch (thrown) {
      lost += 1;
      if (lost === 1) complain(`nova: ${path} cannot be written: ${messageOf(thrown)}\n`);
    }
  };
}

/** On a line of its own: of the first one that was lost a part may be there. */
function lossOf(lines: number, time: Time): string {
  const at = new Date(time.now()).toISOString();
  return `\n${JSON.stringify({ at, level: 'warn', message: 'lines could not be written', lines })}\n`;
}

const onTerminal = (text: string): void => void process.stderr.write(text);
