/** The restore drill: everything is lost, the backup comes back, and ledger and audit trail are proved in it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerControl } from '../../cli/control.ts';
import { startEngine } from '../../infra/local/engine.ts';
import { closeDay } from '../../shared/jobs/close-day.ts';
import { childEnv } from '../../shared/runtime/env.ts';

const CLI = join(import.meta.dirname, '../../cli/nova.ts');
const CONFIG = '{"outcomes":[{"ok":true,"costUsd":"0.10","revenueUsd":"0.50"}]}';

type Said = { readonly code: number; readonly value: Record<string, unknown>; readonly err: string };

function nova(home: string, ...words: string[]): Promise<Said> {
  const env = childEnv({ NOVA_HOME: home });
  return new Promise((resolve) => {
    execFile(process.execPath, [CLI, ...words, '--json'], { env }, (failed, out, err) => {
      const value = out.trim() === '' ? {} : (JSON.parse(out) as Record<string, unknown>);
      resolve({ code: typeof failed?.code === 'number' ? failed.code : 0, value, err });
    });
  });
}

const newFolder = (): string => mkdtempSync(join(tmpdir(), 'nova-backup-'));
const start = (home: string) => startEngine({ home, port: 0, version: 'test', control: answerControl });

/** A fleet of one agent that has earned, and goes on running while the backup is made. */
async function livedIn(home: string): Promise<void> {
  const deploy = ['agent', 'deploy', 'lab.scripted', '--name', 'shop', '--config', CONFIG];
  assert.equal((await nova(home, ...deploy)).code, 0);
  assert.equal((await nova(home, 'run', 'now', 'shop', '--times', '200')).code, 0);
  const booking = ['--amount', '120', '--kind', 'revenue', '--agent', 'shop', '--reason', 'invoice 17'];
  assert.equal((await nova(home, 'ledger', 'add', ...booking)).code, 0);
}

test('a directory that is lost comes back from a backup made under load, proved, and halted until somebody looked', async () => {
  const home = newFolder();
  const engine = await start(home);
  await livedIn(home);
  const made = await nova(home, 'backup', 'run', '--with-secrets');
  assert.equal(made.code, 0, made.err);
  const secrets = readFileSync(join(home, 'secrets.json'), 'utf8');
  await sleep(300);
  await engine.stop();
  const kept = newFolder();
  rmSync(kept, { recursive: true });
  // The disk is gone; what was copied away is left.
  const elsewhere = newFolder();
  rmSync(elsewhere, { recursive: true });
  cpSync(join(home, 'backups'), join(elsewhere, 'backups'), { recursive: true });
  rmSync(home, { recursive: true, force: true });

  const proved = await nova(elsewhere, 'backup', 'verify');
  assert.deepEqual([proved.code, proved.value.valid, proved.value.problems], [0, true, []]);
  const restored = await nova(elsewhere, 'backup', 'restore', '--to', kept);
  assert.deepEqual([restored.code, restored.value.halted], [0, true], restored.err);
  assert.equal(readFileSync(join(kept, 'secrets.json'), 'utf8'), secrets);
  for (const name of readdirSync(kept)) assert.equal(statSync(join(kept, name)).mode & 0o077, 0, name);
  assert.equal((await nova(kept, 'ledger', 'verify')).value.valid, true);
  assert.equal((await nova(kept, 'audit', 'verify')).value.valid, true);

  const again = await start(kept);
  const before = Number((await nova(kept, 'agent', 'show', 'shop')).value.runs);
  await sleep(500);
  assert.equal(Number((await nova(kept, 'agent', 'show', 'shop')).value.runs), before, 'it runs before anybody looked');
  assert.equal((await nova(kept, 'killswitch', 'off', '--why', 'looked')).code, 0);
  for (let runs = before; runs < 200; await sleep(50))
    runs = Number((await nova(kept, 'agent', 'show', 'shop')).value.runs);
  assert.equal((await nova(kept, 'ledger', 'verify')).value.valid, true);
  assert.equal((await nova(kept, 'audit', 'verify')).value.valid, true);
  await again.stop();
});

test('a damaged backup is found, is not restored, and nothing is written over', async () => {
  const home = newFolder();
  assert.equal((await nova(home, 'agent', 'deploy', 'lab.scripted', '--name', 'shop', '--config', CONFIG)).code, 0);
  const { value } = await nova(home, 'backup', 'run');
  const target = newFolder();
  writeFileSync(join(target, 'mine.txt'), 'mine');
  const taken = await nova(home, 'backup', 'restore', '--to', target);
  assert.equal(taken.code, 5);
  assert.deepEqual(readdirSync(target), ['mine.txt']);
  appendFileSync(join(String(value.place), 'nova.sqlite'), 'x');
  const proved = await nova(home, 'backup', 'verify');
  assert.equal(proved.code, 1);
  assert.deepEqual(proved.value.problems, ['nova.sqlite is not what was written']);
  const refused = await nova(home, 'backup', 'restore', '--to', join(target, 'new'));
  assert.equal(refused.code, 1);
  assert.match(refused.err, /is damaged: nova.sqlite is not what was written/);
});

test('old backups go when only so many are to be kept; secrets stay out unless they are asked for', async () => {
  const home = newFolder();
  assert.equal((await nova(home, 'backup', 'run')).code, 3, 'there is nothing to keep');
  assert.equal((await nova(home, 'agent', 'deploy', 'lab.scripted', '--name', 'shop', '--config', CONFIG)).code, 0);
  const first = (await nova(home, 'backup', 'run')).value;
  await nova(home, 'backup', 'run');
  const last = (await nova(home, 'backup', 'run', '--keep', '2')).value;
  assert.deepEqual(last.pruned, [first.id]);
  const list = (await nova(home, 'backup', 'list')).value as unknown as readonly { id: string }[];
  assert.equal(list.length, 2);
  assert.equal(list[0]?.id, last.id);
  assert.ok(!readdirSync(String(last.place)).includes('secrets.json'));
});

test('a data directory that somebody copied by hand does not spend: the copy is halted, the first one is not', async () => {
  const home = newFolder();
  const engine = await start(home);
  await livedIn(home);
  await engine.stop();
  const copy = join(newFolder(), 'copy');
  cpSync(home, copy, { recursive: true });
  const first = await start(home);
  assert.equal((await nova(home, 'killswitch', 'status')).value.on, false, 'started again where it was');
  await first.stop();
  const second = await start(copy);
  const status = await nova(copy, 'killswitch', 'status');
  assert.deepEqual([status.value.on, status.value.running], [true, []]);
  assert.match(JSON.stringify(status.value.switches), /restored or copied to here/);
  assert.equal((await nova(copy, 'killswitch', 'off', '--why', 'moved')).code, 0);
  await second.stop();
  const third = await start(copy);
  assert.equal((await nova(copy, 'killswitch', 'status')).value.on, false, 'a person has let it go');
  await third.stop();
});

test('an older database put in place of a newer one is halted, too: what lies beside it knows better', async () => {
  const home = newFolder();
  const file = join(home, 'nova.sqlite');
  const engine = await start(home);
  await livedIn(home);
  await engine.stop();
  const old = readFileSync(file);
  const again = await start(home);
  await nova(home, 'ledger', 'add', '--amount', '5', '--kind', 'revenue', '--agent', 'shop', '--reason', 'late');
  await closeDay(again.world);
  await again.stop();
  // Into the very same file, so that neither its place nor its birth tells.
  writeFileSync(file, old);
  for (const tail of ['-wal', '-shm']) rmSync(`${file}${tail}`, { force: true });
  const back = await start(home);
  assert.match(JSON.stringify((await nova(home, 'killswitch', 'status')).value), /went back in time/);
  assert.equal((await nova(home, 'audit', 'verify')).value.valid, false);
  assert.equal((await nova(home, 'killswitch', 'off', '--why', 'the disk was lost')).code, 0);
  assert.equal((await nova(home, 'audit', 'verify')).value.valid, true);
  await back.stop();
});

test('a whole older copy of the directory laid over the newer one is halted, too: what is no longer written is still called by its number', async () => {
  const home = newFolder();
  const copy = join(newFolder(), 'copy');
  const engine = await start(home);
  await livedIn(home);
  await closeDay(engine.world);
  await engine.stop();
  cpSync(home, copy, { recursive: true });
  const again = await start(home);
  await nova(home, 'ledger', 'add', '--amount', '5', '--kind', 'revenue', '--agent', 'shop', '--reason', 'late');
  await closeDay(again.world);
  await again.stop();
  // As `cp -a copy/. home/` does it: into the files that are there, their place and their birth stay.
  for (const name of readdirSync(copy)) writeFileSync(join(home, name), readFileSync(join(copy, name)));
  const back = await start(home);
  assert.match(JSON.stringify((await nova(home, 'killswitch', 'status')).value), /went back in time/);
  assert.equal((await nova(home, 'killswitch', 'off', '--why', 'meant')).code, 0);
  await back.stop();
  const third = await start(home);
  assert.equal((await nova(home, 'killswitch', 'status')).value.on, false, 'a person has let it go');
  await third.stop();
});

test('what a killed backup left behind goes with the next one; one that somebody is at stays', async () => {
  const home = newFolder();
  assert.equal((await nova(home, 'agent', 'deploy', 'lab.scripted', '--name', 'shop', '--config', CONFIG)).code, 0);
  const left = (name: string, pid: number): string => {
    const folder = join(home, 'backups', `${name}.making`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'maker.pid'), String(pid));
    return folder;
  };
  const [dead, held] = [left('dead', 2 ** 30), left('held', process.pid)];
  const made = await nova(home, 'backup', 'run');
  assert.equal(made.code, 0, made.err);
  assert.deepEqual([existsSync(dead), existsSync(held)], [false, true]);
  assert.ok(!readdirSync(String(made.value.place)).includes('maker.pid'));
  assert.equal((await nova(home, 'backup', 'verify')).code, 0);
});
