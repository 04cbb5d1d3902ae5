/** An engine in this process, as a stage for stories. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerControl } from '../../cli/control.ts';
import type { Engine, EngineOptions } from '../../infra/local/engine.ts';
import { openRequests } from '../../shared/store/request-store.ts';
import { approveStory, checkStory, type Stage, tellStory } from './story.ts';

export function temporaryHome(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'nova-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export function stageOf(engine: Engine): Stage {
  const { world, admin, place } = engine;
  return {
    world,
    admin,
    settle: () => settled(engine),
    async fetch(path, init = {}) {
      const { host: _host, ...headers } = init.headers ?? {};
      const response = await fetch(`${place.url}${path}`, { ...init, headers, redirect: 'manual' });
      return { status: response.status, body: await response.text(), location: response.headers.get('location') };
    },
  };
}

/** No message under way and no request open, twice in a row. @throws Error after a minute. */
export async function settled({ world, admin }: Pick<Engine, 'world' | 'admin'>, timeoutMs = 60_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  for (let calm = 0; calm < 2; ) {
    const depths = await Promise.all(Object.values(admin.queues).map((queue) => queue.depth()));
    const busy =
      depths.reduce((sum, { visible, inFlight }) => sum + visible + inFlight, 0) +
      (await openRequests(world.table)).length;
    calm = busy === 0 ? calm + 1 : 0;
    if (Date.now() > end) throw new Error(`still busy after ${timeoutMs} ms: ${JSON.stringify(depths)}`);
    await sleep(25);
  }
}

type Start = (options: EngineOptions) => Promise<Engine>;

/** The whole story on an engine that is started for it, from the first deployment to what follows the approval. */
export async function tellOn(start: Start): Promise<void> {
  const home = temporaryHome();
  const engine = await start({ home: home.path, port: 0, version: 'test', control: answerControl });
  try {
    const stage = stageOf(engine);
    const told = await tellStory(stage);
    checkStory(told);
    await approveStory(stage, told);
  } finally {
    await engine.stop();
    const announced = existsSync(join(home.path, 'local.json'));
    home.remove();
    assert.equal(announced, false, 'a stopped engine still announces itself');
  }
}
