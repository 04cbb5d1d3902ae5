/** An export of the audit trail on this machine, proved line by line. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { ExportProof, type ExportReport } from '../shared/domain/audit-export.ts';
import { messageOf, NovaError } from '../shared/domain/error.ts';
import { systemHashing } from '../shared/runtime/hashing.ts';

/** @throws NovaError bad_input when the file cannot be read. */
export async function proveFile(path: string): Promise<ExportReport> {
  const proof = new ExportProof(systemHashing.sha256);
  try {
    const lines = createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY });
    for await (const line of lines) proof.take(line);
  } catch (thrown) {
    throw new NovaError('bad_input', `the file "${path}" cannot be read: ${messageOf(thrown)}`, { cause: thrown });
  }
  return proof.end();
}
