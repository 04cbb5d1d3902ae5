/** Starts either durable engine the same way, with one more command that tells a test how far the work has come. */
import { answerControl } from '../../cli/control.ts';
import { type Engine, type EngineOptions, type Opened, startEngine } from '../../infra/local/engine.ts';
import { listFleet } from '../../shared/store/instance-store.ts';

export type EngineKind = 'embedded' | 'rehearsal';

/** The command words of `progress`; no command of the CLI has them. */
export const PROGRESS = 'test progress';
export type Progress = { readonly closed: number; readonly instances: number };

/** Nobody gives the messages of a killed function back: they come when their visibility ends, as on AWS, but sooner. */
export const VISIBILITY_SCALES: Readonly<Record<EngineKind, number>> = { embedded: 20, rehearsal: 100 };

export async function startNamed(kind: EngineKind, home: string, timeScale: number): Promise<Engine> {
  const visibilityScale = VISIBILITY_SCALES[kind];
  const options: EngineOptions = {
    home,
    port: 0,
    version: 'test',
    timeScale,
    visibilityScale,
    maxConcurrentRuns: 6,
    control,
  };
  if (kind === 'embedded') return await startEngine(options);
  const { startRehearsal } = (await import(REHEARSAL)) as { startRehearsal(options: EngineOptions): Promise<Engine> };
  return await startRehearsal(options);
}

/** A variable, so that the suite compiles and runs where that engine is not. */
export const REHEARSAL: string = new URL('../../infra/local/rehearsal.ts', import.meta.url).href;

async function control(body: unknown, opened: Opened): Promise<unknown> {
  const { command } = body as { command?: readonly string[] };
  return command?.join(' ') === PROGRESS ? { value: await progressOf(opened) } : await answerControl(body, opened);
}

/** Slots closed so far, over all instances. */
export async function progressOf({ world }: Pick<Opened, 'world'>): Promise<Progress> {
  const fleet = await listFleet(world.table);
  const closed = fleet.reduce((sum, { total }) => sum + total.runs + total.refused, 0);
  return { closed, instances: fleet.length };
}
