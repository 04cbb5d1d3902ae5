import { test } from 'node:test';
import { missingStandIns } from '../../infra/local/rehearsal/stand-ins.ts';
import { startRehearsal } from '../../infra/local/rehearsal.ts';
import { killOn } from './killswitch-suite.ts';

const missing = missingStandIns();
const skip = missing ? `this machine lacks ${missing}` : false;

/** Heartbeats of a second: a function hears of the switch with its next call or its next beat. */
test('the kill switch with work in every state, on the bundles that go to AWS', { skip }, (t) =>
  killOn(startRehearsal, t, { timeScale: 20 }),
);
