/** What `nova start` starts: the engine that was asked for, with the demo fleet if it was asked for. */
import { readFileSync } from 'node:fs';
import { startDemo } from './demo.ts';
import { type Engine, type EngineOptions, startEngine as startEmbedded } from './engine.ts';

export type StartOptions = Pick<
  EngineOptions,
  'home' | 'control' | 'maxConcurrentRuns' | 'timeScale' | 'synchronous'
> & {
  readonly port?: number;
  readonly demo: boolean;
  readonly engine: 'embedded' | 'rehearsal';
};

export type Started = { readonly url: string; stop(): Promise<void> };

export const DEFAULT_PORT = 4400;
const DEMO_EVALUATE_SECONDS = 10;

/** @throws NovaError conflict when the port or the data directory is taken, corrupt when the data cannot be read. */
export async function startEngine({ demo, engine, port = DEFAULT_PORT, ...rest }: StartOptions): Promise<Started> {
  const options = {
    ...rest,
    port,
    version: version(),
    ...(demo ? { evaluateEverySeconds: DEMO_EVALUATE_SECONDS } : {}),
  };
  const running: Engine = engine === 'embedded' ? await startEmbedded(options) : await rehearsal(options);
  const shown = demo ? await startDemo(running, (body) => options.control(body, running)) : null;
  return {
    url: running.place.url,
    async stop() {
      shown?.stop();
      await running.stop();
    },
  };
}

/** Loaded late: it needs binaries that only some machines have. */
async function rehearsal(options: EngineOptions): Promise<Engine> {
  const { startRehearsal } = await import('./rehearsal.ts');
  return await startRehearsal(options);
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return String((JSON.parse(text) as { version: unknown }).version);
}
