/** An export of the audit trail on this machine, proved line by line. */
import { closeSync, openSync, readSync } from 'node:fs';
import { ExportProof, type ExportReport } from '../shared/domain/audit-export.ts';
import { messageOf, NovaError } from '../shared/domain/error.ts';
import { systemHashing } from '../shared/runtime/hashing.ts';

const CHUNK_BYTES = 1_048_576;
/** An item of the table holds 400 KB, and a line is one record: what goes on for longer is no export. */
const MAX_LINE = 4_194_304;

/** @throws NovaError bad_input when the file cannot be read. */
export async function proveFile(path: string): Promise<ExportReport> {
  const proof = new ExportProof(systemHashing.sha256);
  try {
    for (const line of linesOf(path)) proof.take(line);
  } catch (thrown) {
    throw new NovaError('bad_input', `the file "${path}" cannot be read: ${messageOf(thrown)}`, { cause: thrown });
  }
  return proof.end();
}

/** A reader of streams takes half as long again as the proof itself. */
function* linesOf(path: string): Generator<string> {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    const decoder = new TextDecoder();
    let rest = '';
    for (let size = readSync(file, buffer); size > 0; size = readSync(file, buffer)) {
      const lines = (rest + decoder.decode(buffer.subarray(0, size), { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > MAX_LINE) throw new RangeError('a line of it never ends');
      yield* lines;
    }
    if (rest !== '') yield rest;
  } finally {
    closeSync(file);
  }
}
