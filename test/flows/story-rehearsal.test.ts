import { test } from 'node:test';
import { missingStandIns } from '../../infra/local/rehearsal/stand-ins.ts';
import { startRehearsal } from '../../infra/local/rehearsal.ts';
import { tellOn } from './engine-stage.ts';

const missing = missingStandIns();
const skip = missing ? `this machine lacks ${missing}` : false;

test('the story of three agents and an approval, on the rehearsal engine', { skip }, () => tellOn(startRehearsal));
