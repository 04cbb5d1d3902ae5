/**
 * The task of an agent: runs of hours, and agents that are kept running. The blueprint works in a process of its own, so
 * that one which never gives the processor back neither stops the heartbeat nor hears SIGTERM in our place.
 * It works until there is nothing more to do: exit code 0 when all is recorded or given back.
 */
import { openWorld } from '../../shared/aws/world.ts';
import { messageOf, NovaError } from '../../shared/domain/error.ts';
import { STOP_SECONDS } from '../../shared/domain/task.ts';
import { ticketOf } from '../../shared/jobs/launch-run.ts';
import { keepRunning, runInTask, TASK_NEEDS, type TaskEnd, type TaskPorts } from '../../shared/jobs/task-run.ts';
import type { World } from '../../shared/ports/world.ts';
import { systemTime } from '../../shared/runtime/clock.ts';
import { readOptional, taskEnvironment } from '../../shared/runtime/env.ts';
import { jsonLog } from '../../shared/runtime/log.ts';
import { healthily, sayHealthy } from './health.ts';
import { blueprintHost } from './host.ts';
import { taskMemoryMb, whereAmI } from './metadata.ts';
import { stopping } from './stopping.ts';
import { useMeter } from './use-meter.ts';

const PORTS = (Object.keys(TASK_NEEDS) as (keyof TaskPorts)[]).filter((port) => port !== 'log' && port !== 'host');
/** Left for what follows the end of a run: its record, its message. */
const GRACE_PART = 0.7;

const log = jsonLog({ time: systemTime, from: 'info', sink: (line) => process.stdout.write(`${line}\n`) });
try {
  const { runs, why } = await work();
  log.info('done', { runs, why });
  process.exit(0);
} catch (thrown) {
  log.error('the task failed', { why: messageOf(thrown), stack: thrown instanceof Error ? (thrown.stack ?? '') : '' });
  process.exit(1);
}

async function work(): Promise<TaskEnd> {
  const source = taskEnvironment();
  const ticket = ticketOf(source);
  if (!ticket) throw new NovaError('misconfigured', 'this task was not told what to work on (NOVA_TASK_…)');
  const stopMs = (readOptional('NOVA_TASK_STOP_SECONDS', source) ?? STOP_SECONDS) * 1000;
  const stop = stopping(stopMs);
  sayHealthy();
  const here = await whereAmI(source, systemTime.now());
  const host = blueprintHost(Number(source.NOVA_TASK_MEMORY_MB ?? 512));
  const meter = useMeter(() => [process.pid, ...host.pids()]);
  const look = async (): Promise<void> => {
    meter.sample();
    meter.saw((await taskMemoryMb(source)) ?? 0);
  };
  const opened = await openWorld(source, PORTS);
  const world = { ...opened, log, host } satisfies Partial<World> as TaskPorts;
  const place = {
    ...here,
    interruption: { signal: stop.signal, graceMs: Math.floor(stopMs * GRACE_PART) },
    onHeartbeat: () => {
      void look();
      sayHealthy();
    },
    use: () => meter.read(),
    rest: (milliseconds: number) => healthily(stop.rest(milliseconds)),
  };
  try {
    return await (ticket.kind === 'run' ? runInTask(world, ticket, place) : keepRunning(world, ticket, place));
  } finally {
    await host.close();
  }
}
