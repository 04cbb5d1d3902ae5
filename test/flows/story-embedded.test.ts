import { test } from 'node:test';
import { startEngine } from '../../infra/local/engine.ts';
import { tellOn } from './engine-stage.ts';

test('the story of three agents and an approval, on the embedded engine', () => tellOn(startEngine));
