/** A log of JSON lines for the engines of one machine; Lambda's is in lambda-log.ts. */
import type { Log } from '../ports/outside.ts';
import type { Time } from '../ports/time.ts';

export type Level = 'info' | 'warn' | 'error';
const RANK: Record<Level, number> = { info: 0, warn: 1, error: 2 };

/** Writes one line per entry to `sink`: at, level, what `about` says, message, fields. Quieter than `from` is dropped. */
export function jsonLog(options: {
  readonly time: Time;
  readonly sink: (line: string) => void;
  readonly from: Level;
  readonly about?: Readonly<Record<string, string>>;
}): Log {
  const { time, sink, from, about = {} } = options;
  const write =
    (level: Level): Log['info'] =>
    (message, fields = {}) => {
      if (RANK[level] < RANK[from]) return;
      sink(JSON.stringify({ at: new Date(time.now()).toISOString(), level, ...about, message, ...fields }));
    };
  return { info: write('info'), warn: write('warn'), error: write('error') };
}
