/** The schedules of the system itself, for a Scheduler of this machine. */
import { type FunctionRow, functions } from '../topology.ts';
import type { SystemSchedule } from './scheduler/local-scheduler.ts';

export type Rhythm = {
  /** How often decisions are made; by the topology's schedule unless told. */
  readonly evaluateEverySeconds?: number;
  /** A rehearsal in fast motion sweeps often. */
  readonly timeScale?: number;
};

type Timed = Extract<FunctionRow['on'], { schedule: string }>;

/** Each names the function that it wakes. */
export function systemSchedules(rhythm: Rhythm, ownerZone: string): SystemSchedule[] {
  return functions.flatMap(({ name, on }) => ('schedule' in on ? [scheduleOf(name, on, { rhythm, ownerZone })] : []));
}

type Ways = { readonly rhythm: Rhythm; readonly ownerZone: string };

function scheduleOf(name: string, on: Timed, { rhythm, ownerZone }: Ways): SystemSchedule {
  const timezone = on.zone === 'UTC' ? 'UTC' : ownerZone;
  const base = { name, target: name, timezone, maxAgeSeconds: on.maxAgeSeconds };
  const everySeconds = ownRhythm(name, rhythm);
  return everySeconds === null ? { ...base, expression: on.schedule } : { ...base, everySeconds };
}

/** null: as the topology says. */
function ownRhythm(name: string, { evaluateEverySeconds, timeScale = 1 }: Rhythm): number | null {
  if (name === 'evaluate-agents') return evaluateEverySeconds ?? null;
  return name === 'sweep' && timeScale > 1 ? Math.max(1, Math.round(60 / timeScale)) : null;
}
