/**
 * Runs blueprints in this process: on Lambda, where the platform itself ends what does not stop, and in the memory
 * engine. A blueprint that never gives the processor back holds this process: one machine uses child processes.
 */
import type { BlueprintHost } from '../ports/host.ts';
import type { Time } from '../ports/time.ts';
import { runBlueprint } from './run-blueprint.ts';

export function inProcessHost(time: Time): BlueprintHost {
  return { execute: (order, calls, interruption) => runBlueprint(order, calls, { time, interruption }) };
}
