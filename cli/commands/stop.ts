import { setTimeout as sleep } from 'node:timers/promises';
import { NovaError } from '../../shared/domain/error.ts';
import { type Here, hereCommand } from '../command.ts';
import { count, defaulting } from '../fields.ts';
import { askEngine, findEngine, isAlive, type LocalEngine, NobodyThere } from '../local-engine.ts';
import { withProgress } from '../progress.ts';

export const command = hereCommand({
  noun: '',
  verb: 'stop',
  summary: 'stop the engine on this machine; it ends its runs first',
  args: {},
  options: { wait: defaulting(count('seconds to wait for its end', { min: 1, max: 600 }), 30) },
  examples: ['nova stop', 'nova stop --wait 60'],
  async run({ wait }, here) {
    if (here.stage !== null)
      throw new NovaError('bad_input', 'a stage has no engine to stop; pause its agents instead');
    const engine = findEngine(here.home);
    if (!engine || !(await isOurs(engine, here)))
      return { id: 'engine', status: 'stopped', wasRunning: false, pid: null };
    process.kill(engine.pid, 'SIGTERM');
    const gone = await withProgress(here.terminal, 'stop', () => ended(engine.pid, wait, here.interrupted));
    if (!gone) throw new NovaError('unavailable', `the engine (pid ${engine.pid}) has not ended after ${wait} s`);
    return { id: 'engine', status: 'stopped', wasRunning: true, pid: engine.pid };
  },
  render: ({ wasRunning, pid }) => (wasRunning ? `stopped (pid ${pid})` : 'no engine was running'),
});

/** A number in a file is not enough to end a process by: after a crash it may be somebody else's. */
async function isOurs(engine: LocalEngine, here: Here): Promise<boolean> {
  try {
    await askEngine(engine, { command: ['queue', 'list'], input: {}, actor: here.actor }, AbortSignal.timeout(5000));
    return true;
  } catch (thrown) {
    if (thrown instanceof NobodyThere) return false;
    throw thrown;
  }
}

async function ended(pid: number, seconds: number, interrupted: AbortSignal): Promise<boolean> {
  for (const until = Date.now() + seconds * 1000; Date.now() < until; ) {
    if (!isAlive(pid)) return true;
    await sleep(50, undefined, { signal: interrupted });
  }
  return !isAlive(pid);
}
