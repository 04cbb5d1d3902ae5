import { test } from 'node:test';
import { startEngine } from '../../infra/local/engine.ts';
import { killOn } from './killswitch-suite.ts';

test('the kill switch with work in every state: under a second to zero new spending, on the embedded engine', (t) =>
  killOn(startEngine, t));
