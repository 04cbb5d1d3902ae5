/** A disk that is full stops the work of an engine, and neither the engine nor its books. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { onSmallDisk, smallDiskProblem } from '../fixtures/small-disk.ts';
import { temporaryHome } from './engine-stage.ts';

const MAIN = join(import.meta.dirname, 'full-disk-main.ts');

test('a disk fills up under an engine: nothing is spent without a record, it lives on, goes on when there is room, and says what was wrong', {
  skip: smallDiskProblem() ?? false,
}, () => {
  const disk = temporaryHome();
  try {
    const { status, stdout, stderr } = onSmallDisk(MAIN, disk.path, 12_000_000);
    assert.equal(status, 0, stderr);
    const told = JSON.parse(stdout) as Record<'accepted' | 'succeeded' | 'paid', number> & Record<string, string>;
    assert.equal(told.succeeded, told.accepted);
    assert.equal(told.paid, told.accepted * 100_000);
    assert.match(told.refusal ?? '', /unavailable: the store could not commit: database or disk is full/);
    // Where the file of the log could not say it, the terminal did.
    assert.match(stderr, /engine\.log cannot be written: ENOSPC/);
    const lines = (told.log ?? '').split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'));
    const messages = lines.map((line) => String((JSON.parse(line) as { message: unknown }).message));
    assert.ok(messages.includes('lines could not be written'), told.log);
    assert.match(told.unstarted ?? '', /^unavailable: the disk of .* is full: nothing is lost/);
  } finally {
    disk.remove();
  }
});
