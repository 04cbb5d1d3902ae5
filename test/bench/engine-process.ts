/** The process of an engine that is measured. Its parent asks over IPC; see engine-subject.ts. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Engine, type EngineOptions, startEngine } from '../../infra/local/engine.ts';
import { messageOf } from '../../shared/domain/error.ts';
import { settled } from '../flows/engine-stage.ts';
import { deployFleet, type Size } from './fleet.ts';
import { Load } from './load.ts';
import { whileLooking } from './look.ts';
import { cpuSeconds, memoryMb, processesOf } from './processes.ts';
import type { Idle, Ready, Subject } from './subject.ts';
import { type Recorded, watchedTable } from './watched-table.ts';

export type EngineSetting = Pick<EngineOptions, 'synchronous' | 'idleChildren'> & {
  readonly engine: 'embedded' | 'rehearsal';
  readonly home: string;
  readonly size: Size;
};
type Asked = Pick<Subject, 'burst' | 'steady' | 'idle' | 'stop'>;
export type Question = { readonly id: number; readonly ask: keyof Asked; readonly with: readonly unknown[] };
export type Answer = { readonly id: number; readonly value?: unknown; readonly error?: string };

const setting = JSON.parse(process.argv[2] ?? '{}') as EngineSetting;
const heard = { by: (_: Recorded): void => undefined };
const engine = await started();
const ready: Ready = { startMs: performance.now() };
const { world } = engine;
await deployFleet(world, setting.size);
await settled(engine);
const load = new Load({
  ...{ runs: world.runs, size: setting.size, from: world.time.now() },
  cpuSeconds: () => cpuSeconds(processesOf(process.pid)),
});
heard.by = (recorded) => load.onRecord(recorded);

async function started(): Promise<Engine> {
  const { engine, size: _, ...rest } = setting;
  const wrap: EngineOptions['wrap'] = (table) => watchedTable(table, (recorded) => heard.by(recorded)).table;
  const options = { ...rest, port: 0, version: 'bench', wrap, control: async () => null };
  if (engine === 'embedded') return await startEngine(options);
  const { startRehearsal } = await import('../../infra/local/rehearsal.ts');
  return await startRehearsal(options);
}

/** Where other processes keep the records, they are looked for. */
const told = <T>(work: () => Promise<T>): Promise<T> =>
  setting.engine === 'embedded' ? work() : whileLooking(world.table, load, work);

const asked: Asked = {
  burst: (kind, count) => told(() => load.burst(kind, count)),
  steady: (kind, pace) => told(() => load.steady(kind, pace)),
  idle,
  stop: () => engine.stop(),
};

process.on('message', ({ id, ask, with: args }: Question) => {
  const answer = asked[ask] as (...args: readonly unknown[]) => Promise<unknown>;
  answer(...args).then(
    (value) => reply({ id, value }),
    (error: unknown) => reply({ id, error: messageOf(error) }),
  );
});
process.on('disconnect', () => process.exit(1));
reply({ id: 0, value: ready });

function reply(answer: Answer): void {
  process.send?.(answer);
}

async function idle(seconds: number): Promise<Idle> {
  const children = processesOf(process.pid);
  const before = cpuSeconds(children);
  const start = performance.now();
  await sleep(seconds * 1000);
  const cpuPercent = ((cpuSeconds(children) - before) / ((performance.now() - start) / 1000)) * 100;
  const shares = [process.pid, ...children].map(memoryMb);
  return {
    cpuPercent,
    engineMb: process.memoryUsage.rss() / 2 ** 20,
    allMb: shares.includes(null) ? null : shares.reduce<number>((sum, mb) => sum + (mb ?? 0), 0),
    children: children.length,
  };
}
