/** Files that a command writes for the person who asked, on the machine in front of them. */
import { writeFileSync } from 'node:fs';
import { messageOf, NovaError } from '../shared/domain/error.ts';

/** For the owner's eyes. @throws NovaError conflict when it is there already, bad_input when it cannot be written. */
export function writeNew(path: string, content: string): void {
  try {
    writeFileSync(path, content, { flag: 'wx', mode: 0o600 });
  } catch (thrown) {
    const there = thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST';
    if (there) throw new NovaError('conflict', `the file "${path}" is there already; nothing was written`);
    throw new NovaError('bad_input', `the file "${path}" cannot be written: ${messageOf(thrown)}`, { cause: thrown });
  }
}
