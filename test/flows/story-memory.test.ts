import { test } from 'node:test';
import { memoryEngine } from '../../infra/local/memory.ts';
import { approveStory, checkStory, type Stage, tellStory } from './story.ts';

test('the story of three agents and an approval, on the memory engine', async () => {
  const engine = await memoryEngine();
  const stage: Stage = {
    world: engine.world,
    admin: engine.admin,
    settle: () => engine.advance(40_000),
    async fetch(path, { method = 'GET', headers = {}, body = '' } = {}) {
      const answer = await engine.web({ method, path, headers, body: Buffer.from(body), sourceIp: '127.0.0.1' });
      return { status: answer?.status ?? 404, body: answer?.body ?? '', location: answer?.headers.location ?? null };
    },
  };
  const told = await tellStory(stage);
  checkStory(told);
  await approveStory(stage, told);
});
