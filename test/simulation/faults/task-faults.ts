/** F32 to F39: what ECS does, where the system meets it: the launcher, and the events of tasks. */
import { runId } from '../../../shared/domain/run.ts';
import { runEnvironment } from '../../../shared/jobs/launch-run.ts';
import { unavailable } from './asks.ts';
import { HOLDS_OF } from './cast.ts';
import type { Task } from './cluster.ts';
import type { Fault } from './fault.ts';
import type { Ask } from './machines.ts';
import type { Play } from './play.ts';

const MINUTE = 60_000;
/** ECS promises nothing, and needs seconds. */
const UNLISTED_MS = 75_000;
/** Where the code of an agent may hang. */
const HANGS: readonly string[] = ['rest', 'provider'];
const runsTask = ({ about }: Ask): boolean => about.port === 'launcher' && about.verb === 'run';
const some = ({ throws }: Play, tasks: readonly Task[]): Task | null => (tasks.length > 0 ? throws.pick(tasks) : null);

/** The calls that the provider was asked for by this run. */
const paidBy = ({ cloud }: Play, run: string): number =>
  [...cloud.books.provider.calls].filter((call) => call.startsWith(`${run}/`)).length;

/** A run of cyd in its task, in or before one of its calls but the last. */
function longRun(play: Play): { readonly task: Task; readonly ask: Ask; readonly run: string } | null {
  const { cluster, machines } = play.cloud;
  for (const task of cluster.running()) {
    const { NOVA_TASK_AGENT: agentId, NOVA_TASK_INSTANCE: number, NOVA_TASK_SLOT: slot } = task.environment;
    if (agentId !== 'cyd' || task.environment.STRAY || task.stopping) continue;
    const ask = machines.waiting.find(({ machine }) => machine === task.machine && machine.frozenUntil === 0);
    const run = runId(agentId, Number(number), String(slot));
    if (ask && (ask.about.port === 'rest' || ask.about.port === 'provider') && paidBy(play, run) < 2)
      return { task, ask, run };
  }
  return null;
}

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
      chance: 0.8,
      // For a token that it knows, ECS answers with the task.
      fits: ({ about }, { cloud }) =>
        about.port === 'launcher' && about.verb === 'run' && !cloud.cluster.knows(about.task.clientToken),
      async strike(ask, play) {
        const { about, machine } = ask;
        await play.cloud.machines.reply(ask, { taskId: null, reason: 'RESOURCE:GPU' });
        if (about.port !== 'launcher' || about.verb !== 'run' || !(await play.finish(machine))) return;
        const { NOVA_TASK_HOLDER: holder } = about.task.environment;
        const held = [...play.cloud.table.items()].find(({ ho }) => ho !== undefined && ho === holder);
        if (held) play.fail(`${held.sk} stays claimed for a task that was not placed`);
      },
    },
  },
  {
    ...{ id: 'F34', rare: true, name: 'a task that was just started is not listed', keeps: ['tasks', 'fenced'] },
    times: 1,
    /** One more task is wanted, and is not listed when the watch looks again, between its first two cycles. */
    async strikes(play) {
      const { cluster, table } = play.cloud;
      const dot = table.get({ pk: 'AGENTS', sk: 'dot' });
      if (dot?.status !== 'active') return false;
      const before = cluster.tasks.length;
      await play.people.scale('dot', Number(dot.instances) + 1);
      cluster.unlistedMs = UNLISTED_MS;
      await play.pass(3 * MINUTE);
      cluster.unlistedMs = 0;
      return cluster.tasks.slice(before).some(({ environment }) => environment.NOVA_TASK_SPEC !== undefined);
    },
    meets: {
      ...{ chance: 0.8, fits: runsTask },
      async strike(ask, { cloud }) {
        const before = cloud.cluster.tasks.length;
        await cloud.machines.answer(ask);
        const [fresh] = cloud.cluster.tasks.slice(before);
        if (fresh) fresh.seenFrom = cloud.clock.now() + UNLISTED_MS;
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
      let found = longRun(play);
      if (!found) {
        await play.people.request('cyd', 1);
        await play.pass(play.throws.pick([40_000, 70_000, 100_000]));
        found = longRun(play);
      }
      if (!found) return false;
      const { task, ask, run } = found;
      ask.notBefore = clock.now() + 119 * MINUTE;
      await play.pass(118 * MINUTE);
      if (task.status !== 'RUNNING' || task.stopping || !machines.waiting.includes(ask)) return false;
      const paid = paidBy(play, run);
      cluster.stop(task.taskId, 'Your Spot Task was interrupted.', 'SpotInterruption');
      play.note('spot', `${run} ${paid} ${clock.now()}`);
      if (play.alone) await play.pass(15 * MINUTE);
      return true;
    },
    check({ cloud, watch, notes, alone, counts }) {
      if (counts.has('F25')) return null;
      for (const note of notes.get('spot') ?? []) {
        const [run = '', paid, at] = note.split(' ');
        const again = cloud.begun.filter((one) => one.run === run && one.at > Number(at));
        if (again.some(({ first }) => first < Number(paid))) return `${run} began again before what it had paid for`;
        const closed = watch.closed.get(run);
        const isBroke = closed?.outcome === 'r';
        if (alone && !isBroke && again.length === 0) return `${run} was not taken up again`;
        if (alone && !isBroke && closed?.outcome !== 's') return `${run} did not end well: ${closed?.outcome}`;
        const most = HOLDS_OF('cyd').usd * (1 + again.length);
        if (closed && closed.costMicros > most) return `${run} cost ${closed.costMicros}, held were ${most}`;
      }
      return null;
    },
  },
  {
    ...{ id: 'F38', name: 'a task does not stop, or cannot be asked to', keeps: ['money', 'tasks'] },
    meets: {
      chance: 0.5,
      fits: ({ about }) => about.port === 'launcher' && about.verb === 'stop',
      strike: (ask, { cloud }) => cloud.machines.refuse(ask, unavailable('StopTask does not answer')),
    },
    /** It hangs, its heart beats on, and neither SIGTERM nor SIGKILL reaches it; asked to stop, or left to the watchdog. */
    strikes(play) {
      const task = some(
        play,
        play.cloud.cluster.running().filter(({ stubborn }) => !stubborn),
      );
      if (!task) return false;
      task.stubborn = true;
      for (const ask of play.cloud.machines.waiting)
        if (ask.machine === task.machine && HANGS.includes(ask.about.port)) ask.notBefore = Number.MAX_SAFE_INTEGER;
      if (play.throws.chance(0.5)) play.cloud.cluster.stop(task.taskId, 'stopped', 'UserInitiated');
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
