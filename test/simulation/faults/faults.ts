/** Every fault of the list that the system can meet, by number. Those that are not here would need a part it does not have. */
import { CONTROL_FAULTS } from './control-faults.ts';
import type { Fault } from './fault.ts';
import { FUNCTION_FAULTS } from './function-faults.ts';
import { QUEUE_FAULTS } from './queue-faults.ts';
import { SCHEDULER_FAULTS } from './scheduler-faults.ts';
import { TABLE_FAULTS } from './table-faults.ts';
import { TASK_FAULTS } from './task-faults.ts';
import { VERSION_FAULTS } from './version-faults.ts';

export const FAULTS: readonly Fault[] = [
  ...SCHEDULER_FAULTS,
  ...QUEUE_FAULTS,
  ...FUNCTION_FAULTS,
  ...TABLE_FAULTS,
  ...CONTROL_FAULTS,
  ...TASK_FAULTS,
  ...VERSION_FAULTS,
];

/** Injected as the nearest thing that this system has, and why. */
export const NEAREST: { readonly [id: string]: string } = {
  F12: 'one function instance works a batch here by the pump of this simulation; the answer to Lambda itself (which messages stay) is tested in test/functions',
  F17: "throttling is the event source's own: a message is received and comes back, and no code of ours runs",
  F21: 'no code of ours sends a ClientRequestToken of its own: the repeated transaction itself is what is injected',
  F23: 'no item has a TTL: what expires is compared with the clock, and cleared by the sweep, which is late here',
  F24: 'there are no streams: what leaves a transaction leaves by its outbox item',
};
