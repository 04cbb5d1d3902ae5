/** F13 to F16 and F27: functions that die, stand still, or are taken for dead. */
import { inFunction, inRun, isRelease } from './asks.ts';
import type { Fault } from './fault.ts';
import { OutOfMemory } from './script.ts';

/** By then whoever was ended for its memory is known to have crashed. */
const TWO_LEASES_MS = 120_000;
const FREEZE_MS = 15 * 60_000;

export const FUNCTION_FAULTS: readonly Fault[] = [
  {
    ...{
      id: 'F13',
      name: 'a function dies, before or after what it was about to do',
      keeps: ['money', 'once', 'final'],
    },
    meets: {
      chance: 0.02,
      fits: inFunction,
      strike: (ask, { cloud }) => cloud.machines.killAt(ask),
    },
  },
  {
    ...{
      id: 'F14',
      rare: true,
      name: 'a function is timed out exactly when it settles',
      keeps: ['money', 'once', 'final'],
    },
    meets: {
      chance: 0.6,
      fits: (ask) => inFunction(ask) && isRelease(ask),
      strike: (ask, { cloud }) => cloud.machines.killAt(ask),
    },
  },
  {
    ...{
      id: 'F15',
      name: 'a function stands still for fifteen minutes and goes on',
      keeps: ['fenced', 'money', 'provider'],
    },
    meets: {
      chance: 0.02,
      fits: (ask) => inRun(ask) && ask.machine.frozenUntil === 0,
      strike(ask, { cloud }) {
        ask.machine.frozenUntil = cloud.clock.now() + FREEZE_MS;
      },
    },
  },
  {
    ...{ id: 'F16', rare: true, name: 'what runs the agent is ended for its memory', keeps: ['money', 'final'] },
    meets: {
      chance: 0.12,
      fits: (ask) => inRun(ask) && (ask.about.port === 'rest' || ask.about.port === 'provider'),
      async strike(ask, play) {
        const { cloud } = play;
        const held = () => [...cloud.table.items()].filter(({ pk, ho }) => pk.startsWith('FLEET#') && ho !== undefined);
        const task = cloud.cluster.running().find(({ machine }) => machine === ask.machine);
        const mine = task ? held().filter(({ ho }) => String(ho).startsWith(`task:${task.taskId}`)) : [];
        if (inFunction(ask)) await cloud.machines.refuse(ask, new OutOfMemory());
        else cloud.machines.kill(ask.machine);
        if (!play.alone || mine.length === 0) return;
        await play.pass(TWO_LEASES_MS);
        const still = held().find(({ sk, ho, f }) => mine.some((one) => one.sk === sk && one.ho === ho && one.f === f));
        if (still) play.fail(`${still.sk} is still held two leases after its task was ended`);
      },
    },
  },
  {
    ...{
      id: 'F27',
      rare: true,
      name: 'heartbeats are lost while the worker lives',
      keeps: ['fenced', 'provider', 'final'],
    },
    strikes({ cloud, throws }) {
      const hearts = cloud.machines.hearts();
      const waits = cloud.machines.waiting.filter(({ machine }) => hearts.includes(machine));
      if (waits.length === 0) return false;
      const ask = throws.pick(waits);
      ask.machine.mute = true;
      ask.notBefore = cloud.clock.now() + 180_000;
      return true;
    },
  },
];
