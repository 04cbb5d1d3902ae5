/** An engine as a subject: a process of its own over a fresh data directory on this machine's disk. */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Answer, EngineSetting, Question } from './engine-process.ts';
import type { Ready, Subject } from './subject.ts';

export type EngineSubjectSetting = Omit<EngineSetting, 'home'> & {
  /** Flags for its node, to profile it. */
  readonly execArgv?: readonly string[];
};

type Waiting = { resolve(value: never): void; reject(why: Error): void };

/** @throws Error with the last words of a process that does not come up. */
export async function engineSubject({ execArgv = [], ...setting }: EngineSubjectSetting): Promise<Subject> {
  const home = mkdtempSync(join(tmpdir(), 'nova-bench-'));
  const child = fork(join(import.meta.dirname, 'engine-process.ts'), [JSON.stringify({ ...setting, home })], {
    execArgv: [...execArgv],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const asking = questions(child);
  const remove = (): void => rmSync(home, { recursive: true, force: true });
  const ready = await asking.first().catch((why: unknown) => {
    remove();
    throw why;
  });
  return {
    name: nameOf(setting),
    ready,
    burst: (kind, count) => asking.ask('burst', [kind, count]),
    steady: (kind, pace) => asking.ask('steady', [kind, pace]),
    idle: (seconds) => asking.ask('idle', [seconds]),
    async stop() {
      await asking.ask('stop', []);
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.disconnect();
      await gone;
      remove();
    },
  };
}

function nameOf({ engine, synchronous, idleChildren }: EngineSubjectSetting): string {
  return [engine, synchronous, idleChildren && `${idleChildren} ${idleChildren === 1 ? 'child' : 'children'}`]
    .filter(Boolean)
    .join(' ');
}

function questions(child: ChildProcess) {
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  let words = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-2_000);
  });
  child.on('message', ({ id, value, error }: Answer) => {
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) asked?.resolve(value as never);
    else asked?.reject(new Error(error));
  });
  child.once('exit', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`the engine ended with code ${code}: ${words.trim()}`));
  });
  const answerTo = <T>(id: number): Promise<T> =>
    new Promise<T>((resolve, reject) => waiting.set(id, { resolve: resolve as Waiting['resolve'], reject }));
  return {
    first: () => answerTo<Ready>(0),
    ask<T>(ask: Question['ask'], args: readonly unknown[]): Promise<T> {
      lastId += 1;
      const answered = answerTo<T>(lastId);
      child.send({ id: lastId, ask, with: args } satisfies Question);
      return answered;
    },
  };
}
