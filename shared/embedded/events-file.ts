/** The bus on one machine: one JSON line for each event, at the end of a file that whoever likes may follow. */
import { appendFile } from 'node:fs/promises';
import type { Events } from '../ports/outside.ts';

export function eventsFile(path: string): Events {
  return { put: (event) => appendFile(path, `${JSON.stringify(event)}\n`, { mode: 0o600 }) };
}
