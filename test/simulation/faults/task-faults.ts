/** F32 to F39: what ECS does, where the system meets it: the launcher, and the events of tasks. */
import { runEnvironment } from '../../../shared/jobs/launch-run.ts';
import { unavailable } from './asks.ts';
import type { Task } from './cluster.ts';
import type { Fault } from './fault.ts';
import type { Ask } from './machines.ts';
import type { Play } from './play.ts';

const MINUTE = 60_000;
const runsTask = ({ about }: Ask): boolean => about.port === 'launcher' && about.verb === 'run';
const some = ({ throws }: Play, tasks: readonly Task[]): Task | null => (tasks.length > 0 ? throws.pick(tasks) : null);

export const TASK_FAULTS: readonly Fault[] = [
  {
    ...{
      id: 'F32',
      rare: true,
      name: 'RunTask times out, and the task was started',
      keeps: ['tasks', 'money', 'once'],
    },
    meets: {
      ...{ chance: 0.8, fits: runsTask },
      strike: (ask, { cloud }) => cloud.machines.lose(ask, unavailable('RunTask did not answer')),
    },
  },
  {
    ...{
      id: 'F33',
      rare: true,
      name: 'RunTask answers 200 with a failure: no capacity',
      keeps: ['money', 'final', 'ended'],
    },
    meets: {
      ...{ chance: 0.8, fits: runsTask },
      strike: (ask, { cloud }) => cloud.machines.reply(ask, { taskId: null, reason: 'RESOURCE:GPU' }),
    },
  },
  {
    ...{ id: 'F34', rare: true, name: 'a task that was just started is not listed', keeps: ['tasks', 'fenced'] },
    meets: {
      ...{ chance: 0.8, fits: runsTask },
      async strike(ask, { cloud }) {
        const before = cloud.cluster.tasks.length;
        await cloud.machines.answer(ask);
        const [fresh] = cloud.cluster.tasks.slice(before);
        if (fresh) fresh.seenFrom = cloud.clock.now() + 90_000;
      },
    },
  },
  {
    ...{
      id: 'F35',
      rare: true,
      name: 'a task is told to have stopped before it ran, and told again',
      keeps: ['tasks', 'fenced', 'once'],
    },
    strikes(play) {
      const { cluster, queues } = play.cloud;
      const pending = some(
        play,
        cluster.alive().filter(({ status }) => status === 'PENDING'),
      );
      if (pending) cluster.stop(pending.taskId, 'ResourceInitializationError', 'TaskFailedToStart');
      const stopped = some(
        play,
        cluster.tasks.filter(({ status }) => status === 'STOPPED'),
      );
      if (!stopped) return false;
      void queues.work.send(cluster.event(stopped, 1) as never, { delaySeconds: play.throws.below(120) });
      return true;
    },
  },
  {
    ...{
      id: 'F36',
      name: 'a task hears SIGTERM, and SIGKILL when it does not listen',
      keeps: ['money', 'final', 'once'],
    },
    strikes(play) {
      const task = some(
        play,
        play.cloud.cluster.running().filter(({ stopping }) => !stopping),
      );
      if (!task) return false;
      play.cloud.cluster.stop(task.taskId, 'Task stopped for a deployment', 'ServiceSchedulerInitiated');
      return true;
    },
  },
  {
    ...{
      id: 'F37',
      rare: true,
      name: 'Spot takes its machine back in minute 119 of 120',
      keeps: ['money', 'final', 'once'],
      times: 1,
    },
    async strikes(play) {
      const { cluster, machines, clock } = play.cloud;
      const task = some(
        play,
        cluster.running().filter(({ environment }) => environment.NOVA_TASK_AGENT === 'cyd'),
      );
      const ask = machines.waiting.find(({ machine }) => machine === task?.machine && machine.frozenUntil === 0);
      if (!task || !ask || task.stopping) return false;
      ask.notBefore = clock.now() + 119 * MINUTE;
      await play.pass(118 * MINUTE);
      cluster.stop(task.taskId, 'Your Spot Task was interrupted.', 'SpotInterruption');
      return true;
    },
  },
  {
    ...{ id: 'F38', name: 'a task does not stop, or cannot be asked to', keeps: ['money', 'tasks'] },
    meets: {
      chance: 0.5,
      fits: ({ about }) => about.port === 'launcher' && about.verb === 'stop',
      strike: (ask, { cloud }) => cloud.machines.refuse(ask, unavailable('StopTask does not answer')),
    },
    strikes(play) {
      const task = some(play, play.cloud.cluster.running());
      if (!task || task.stubborn) return false;
      task.stubborn = true;
      play.cloud.cluster.stop(task.taskId, 'stopped', 'UserInitiated');
      return true;
    },
  },
  {
    ...{ id: 'F39', name: 'a task that no run knows of', keeps: ['tasks', 'money'] },
    strikes({ cloud, throws }) {
      const ticket = { agentId: 'cyd', number: 0, slot: 'zzzzzzzz', fence: 900 + throws.below(99), holder: 'nobody' };
      const environment = { ...runEnvironment(ticket), STRAY: '1' };
      const clientToken = `stray ${cloud.cluster.tasks.length}`;
      cloud.cluster.run({ clientToken, family: 'agent-runner', environment });
      return true;
    },
  },
];
