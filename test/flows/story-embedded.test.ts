import { test } from 'node:test';
import { answerControl } from '../../cli/control.ts';
import { startEngine } from '../../infra/local/engine.ts';
import { stageOf, temporaryHome } from './engine-stage.ts';
import { approveStory, checkStory, tellStory } from './story.ts';

test('the story of three agents and an approval, on the embedded engine', async () => {
  const home = temporaryHome();
  const engine = await startEngine({ home: home.path, port: 0, version: 'test', control: answerControl });
  try {
    const stage = stageOf(engine);
    const told = await tellStory(stage);
    checkStory(told);
    await approveStory(stage, told);
  } finally {
    await engine.stop();
    home.remove();
  }
});
