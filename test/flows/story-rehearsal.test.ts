import { test } from 'node:test';
import { answerControl } from '../../cli/control.ts';
import { missingStandIns } from '../../infra/local/rehearsal/stand-ins.ts';
import { startRehearsal } from '../../infra/local/rehearsal.ts';
import { stageOf, temporaryHome } from './engine-stage.ts';
import { approveStory, checkStory, tellStory } from './story.ts';

const missing = missingStandIns();
const skip = missing ? `this machine lacks ${missing}` : false;

test('the story of three agents and an approval, on the rehearsal engine', { skip }, async () => {
  const home = temporaryHome();
  const engine = await startRehearsal({ home: home.path, port: 0, version: 'test', control: answerControl });
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
