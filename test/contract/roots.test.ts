/** Where the roots of the audit trail are kept: the same promise in memory, in a file and in an S3. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileRoots } from '../../infra/local/file-roots.ts';
import { startLocalSqs } from '../../infra/local/rehearsal/local-sqs.ts';
import { findFauxqs } from '../../infra/local/rehearsal/stand-ins.ts';
import { s3Client } from '../../shared/aws/clients/s3.ts';
import { s3Roots } from '../../shared/aws/s3-roots.ts';
import { rootText } from '../../shared/domain/audit-anchor.ts';
import { memoryRoots } from '../../shared/memory/memory-roots.ts';
import type { Roots } from '../../shared/ports/outside.ts';
import { pointAwsAt } from '../../shared/runtime/env.ts';

const folder = mkdtempSync(join(tmpdir(), 'nova-roots-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const root = (date: string, seq: number): string => rootText({ date, at: 0, seq, hash: 'a'.repeat(64) });
const KEYS = { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x' };

async function keepsInOrder(roots: Roots): Promise<void> {
  assert.deepEqual(await roots.since('0000-00-00'), []);
  for (const date of ['2026-11-21', '2026-11-20', '2026-12-01']) await roots.keep(date, root(date, 1));
  assert.deepEqual(await roots.since('2026-11-21'), [root('2026-11-21', 1), root('2026-12-01', 1)]);
}

async function keepsOnce(roots: Roots): Promise<void> {
  await roots.keep('2026-11-21', root('2026-11-21', 2));
  assert.deepEqual((await roots.since('2026-11-21'))[0], root('2026-11-21', 1));
}

test('memory keeps the first root of each date, in order', async () => {
  const roots = memoryRoots();
  await keepsInOrder(roots);
  await keepsOnce(roots);
});

test('a file keeps the first root of each date, for its owner alone, also over a restart', async () => {
  const path = join(folder, 'roots.jsonl');
  await keepsInOrder(fileRoots(path, `${path}.newest`));
  await keepsOnce(fileRoots(path, `${path}.newest`));
  assert.equal(statSync(path).mode & 0o777, 0o600);
  appendFileSync(path, 'not a root\n');
  await assert.rejects(fileRoots(path, `${path}.newest`).since('0000'), { code: 'corrupt' });
});

test('a file of the newest anchor goes by its number, one without is of an older version, and one is left at a time', async () => {
  const place = mkdtempSync(join(folder, 'newest-'));
  const roots = fileRoots(join(place, 'audit-roots.jsonl'), join(place, 'audit-newest.json'));
  assert.equal(await roots.noted?.(), null);
  writeFileSync(join(place, 'audit-newest.json'), root('2026-11-20', 3));
  assert.equal(await roots.noted?.(), root('2026-11-20', 3));
  await roots.note?.(root('2026-11-20', 10));
  assert.deepEqual(readdirSync(place), ['audit-newest.10.json']);
  // Laid over it from a copy: the newer number counts.
  writeFileSync(join(place, 'audit-newest.9.json'), root('2026-11-20', 9));
  assert.equal(await roots.noted?.(), root('2026-11-20', 10));
  // A person let an older history go on.
  await roots.note?.(root('2026-11-21', 4));
  assert.deepEqual([readdirSync(place), await roots.noted?.()], [['audit-newest.4.json'], root('2026-11-21', 4)]);
});

const fauxqs = findFauxqs();
test('an S3 gives the roots back in order', { skip: fauxqs ? false : 'package fauxqs is not installed' }, async () => {
  const s3 = await startLocalSqs({ folder: fauxqs ?? '', dataFolder: join(folder, 's3') });
  s3.ensureBucket('nova-test-audit');
  pointAwsAt({ ...KEYS, AWS_ENDPOINT_URL_S3: s3.endpoint });
  const client = s3Client();
  await keepsInOrder(s3Roots(client, 'nova-test-audit'));
  await assert.rejects(s3Roots(client, 'nobodys-bucket').since('0000'), { name: 'NovaError' });
  client.destroy();
  await s3.stop();
});

test('what S3 holds already is kept: 412 and 409 are the answer that was wished for, everything else is trouble', async () => {
  const seen: { method: string; ifNoneMatch: unknown }[] = [];
  let status = 412;
  const server = createServer((request, response) => {
    seen.push({ method: String(request.method), ifNoneMatch: request.headers['if-none-match'] });
    request.resume().on('end', () => {
      const code = { 412: 'PreconditionFailed', 409: 'ConditionalRequestConflict', 403: 'AccessDenied' }[status];
      response.writeHead(status, { 'content-type': 'application/xml' });
      response.end(`<Error><Code>${code}</Code><Message>no</Message></Error>`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  pointAwsAt({ ...KEYS, AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  const client = s3Client();
  const roots = s3Roots(client, 'nova-test-audit');
  await roots.keep('2026-11-20', root('2026-11-20', 1));
  status = 409;
  await roots.keep('2026-11-20', root('2026-11-20', 1));
  status = 403;
  await assert.rejects(roots.keep('2026-11-20', root('2026-11-20', 1)), { name: 'NovaError' });
  assert.ok(seen.every(({ method, ifNoneMatch }) => method === 'PUT' && ifNoneMatch === '*'));
  client.destroy();
  server.close();
});
