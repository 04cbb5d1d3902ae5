/** What a run may say: so many lines of so many characters, whatever its blueprint tries. */
import type { JsonObject } from '../domain/agent.ts';

export type LogLine = (message: string, fields: JsonObject) => void;

const MAX_LINES = 100;
const MAX_MESSAGE = 1_000;
const MAX_FIELDS = 4_000;

/** Cuts lines and fields, and says once that further lines are dropped. */
export function boundedLog(write: LogLine): LogLine {
  let lines = 0;
  return (message, fields) => {
    lines += 1;
    if (lines > MAX_LINES + 1) return;
    if (lines === MAX_LINES + 1) write(`more than ${MAX_LINES} lines: the rest is dropped`, {});
    else write(String(message).slice(0, MAX_MESSAGE), boundedFields(fields));
  };
}

function boundedFields(fields: JsonObject): JsonObject {
  try {
    const text = JSON.stringify(fields);
    if (text.length <= MAX_FIELDS) return JSON.parse(text);
    return { dropped: `fields of ${text.length} characters, ${MAX_FIELDS} at most` };
  } catch {
    return { dropped: 'fields that are not JSON' };
  }
}
