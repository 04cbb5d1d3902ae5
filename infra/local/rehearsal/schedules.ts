/** What happens when a schedule fires: an agent's goes to its queue, one of the system wakes its function. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, NovaError } from '../../../shared/domain/error.ts';
import { type FunctionRow, functions } from '../../topology.ts';
import { awsFiring } from '../aws-apis/scheduler-api.ts';
import type { Fire } from '../scheduler/local-scheduler.ts';

export type Firing = {
  /** Sends to the queue of that ARN. */
  send(arn: string, message: unknown): Promise<void>;
  invoke(name: string, event: object): Promise<unknown>;
  /** Where a tick goes that no try could bring to its function. */
  bury(event: object, reason: string): Promise<void>;
  onTrouble(message: string, error: string): void;
  readonly timeScale: number;
};

/** Lambda waits a minute before it repeats an asynchronous call, then two. */
const RETRY_MS = [60_000, 120_000] as const;

export function firing(ways: Firing): Fire {
  return async (target, scheduledFor) => {
    if (target.kind === 'agent') throw new NovaError('broken', 'schedules of agents are made through the API here');
    if (target.kind === 'system') return void wake(ways, target.target, scheduledFor);
    const executionId = randomBytes(16).toString('hex');
    const { arn, input } = awsFiring(target, { scheduledFor, executionId, attempt: 1 });
    await ways.send(arn, JSON.parse(input));
  };
}

/** Not awaited: the Scheduler hands over and goes on, as on AWS. */
async function wake(ways: Firing, name: string, scheduledFor: string): Promise<void> {
  const event = { schedule: name, scheduledFor };
  const on = scheduleOf(name);
  const oldest = Date.parse(scheduledFor) + on.maxAgeSeconds * 1000;
  for (let attempt = 0; ; attempt++) {
    try {
      await ways.invoke(name, event);
      return;
    } catch (thrown) {
      const wait = (RETRY_MS[attempt] ?? Number.POSITIVE_INFINITY) / ways.timeScale;
      ways.onTrouble(`${name} failed`, messageOf(thrown));
      if (attempt >= on.retries || Date.now() + wait > oldest) {
        return await ways.bury(event, messageOf(thrown)).catch(() => undefined);
      }
      await sleep(wait, undefined, { ref: false });
    }
  }
}

function scheduleOf(name: string): Extract<FunctionRow['on'], { schedule: string }> {
  const on = functions.find((row) => row.name === name)?.on;
  if (on && 'schedule' in on) return on;
  throw new NovaError('broken', `the topology has no schedule ${name}`);
}
