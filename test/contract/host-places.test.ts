/** Children come up wherever the packages are, and a machine on which none comes up is told so before any run. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { childHost } from '../../shared/embedded/child-host.ts';
import { order, owner } from './host-world.ts';

const ROOT = join(import.meta.dirname, '../..');

type Place = { readonly folder: string; readonly open: typeof childHost };

/** The source elsewhere, in a folder of its own. */
async function elsewhere(prepare: (folder: string) => void): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'nova place '));
  cpSync(join(ROOT, 'shared'), join(folder, 'shared'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  prepare(folder);
  const { childHost: open } = await import(join(folder, 'shared/embedded/child-host.ts'));
  return { folder, open };
}

test('packages behind a link, in a folder with a space in its name, are read', async () => {
  const { folder, open } = await elsewhere((at) => symlinkSync(join(ROOT, 'node_modules'), join(at, 'node_modules')));
  const host = open({ idleChildren: 1 });
  await host.warm();
  const scripted = { blueprint: 'lab.scripted', config: { outcomes: [{ ok: true }] } };
  assert.equal((await host.execute(order(scripted), owner())).outcome, 'succeeded');
  await host.close();
  rmSync(folder, { recursive: true });
});

test('when no child comes up, whoever warms them hears why', async () => {
  const { folder, open } = await elsewhere((at) => {
    symlinkSync(join(ROOT, 'node_modules'), join(at, 'node_modules'));
    rmSync(join(at, 'shared/embedded/child-main.ts'));
  });
  const host = open({ idleChildren: 1 });
  await assert.rejects(host.warm(), { code: 'misconfigured', message: /no child process comes up: .*child-main\.ts/ });
  await host.close();
  rmSync(folder, { recursive: true });
});
