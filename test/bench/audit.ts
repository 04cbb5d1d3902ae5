/** How long a proof of the audit trail takes: an export of so many records on the disk, read and proved line by line. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { proveFile } from '../../cli/audit-file.ts';
import { auditBytes, GENESIS } from '../../shared/domain/audit.ts';
import { EXPORT_FORMAT, type ExportLine } from '../../shared/domain/audit-export.ts';
import { systemHashing } from '../../shared/runtime/hashing.ts';

export type AuditResult = {
  readonly records: number;
  readonly megabytes: number;
  /** `nova audit verify --file`. */
  readonly proveMs: number;
  /** Of that, on a processor: what it takes where nothing else runs. */
  readonly proveCpuMs: number;
  /** docs/verify-audit.mjs, its start included. */
  readonly scriptMs: number;
};

/** Chains of a thousand, as the busiest agents have them. */
const CHAIN = 1_000;
const SCRIPT = join(import.meta.dirname, '../../docs/verify-audit.mjs');

export async function measureAudit(records: number): Promise<AuditResult> {
  const folder = mkdtempSync(join(tmpdir(), 'nova-audit-bench-'));
  const file = join(folder, 'export.jsonl');
  try {
    const bytes = await write(file, records);
    const [start, cpu] = [performance.now(), process.cpuUsage()];
    const { records: proved, faults } = await proveFile(file);
    const proveMs = performance.now() - start;
    const { user, system } = process.cpuUsage(cpu);
    const proveCpuMs = (user + system) / 1_000;
    if (proved !== records || faults.length > 0) throw new Error(`${proved} records, ${faults.length} faults`);
    const scriptStart = performance.now();
    const { status, stderr } = spawnSync(process.execPath, [SCRIPT, file], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    return { records, megabytes: bytes / 1e6, proveMs, proveCpuMs, scriptMs: performance.now() - scriptStart };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function write(file: string, records: number): Promise<number> {
  const stream = createWriteStream(file);
  for (const chunk of chunks(records)) {
    if (!stream.write(chunk)) await once(stream, 'drain');
  }
  stream.end();
  await finished(stream);
  return stream.bytesWritten;
}

function* chunks(records: number): Generator<string> {
  const text = (line: ExportLine): string => `${JSON.stringify(line)}\n`;
  yield text({ kind: 'header', format: EXPORT_FORMAT, v: 1, stage: 'bench', scope: 'all' });
  let entities = 0;
  for (let from = 0; from < records; from += CHAIN) {
    const entity = `agent:busy-${entities++}`;
    let chunk = '';
    let prev = GENESIS;
    const length = Math.min(CHAIN, records - from);
    for (let seq = 1; seq <= length; seq++) {
      const details = { why: 'decision 01JD0000000000000000000000: ROI 400 % over 25 runs', instancesAfter: 2 };
      const entry = {
        at: 1_795_161_600_000 + seq,
        actor: 'system:execute-decision',
        action: 'agent.scaled',
        entity,
        details,
      };
      const bytes = auditBytes(entry, seq, prev);
      prev = systemHashing.sha256(bytes);
      chunk += text({ kind: 'record', entity, seq, hash: prev, bytes });
    }
    yield chunk + text({ kind: 'head', entity, seq: length, hash: prev });
  }
  yield text({ kind: 'end', records, entities, anchors: 0, roots: 0 });
}
