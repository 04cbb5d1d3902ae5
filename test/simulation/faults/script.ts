/** What agents do here: paid calls, some slow, some of unknown cost, checkpoints where a run is long, now and then a crash. */
import type { JsonObject } from '../../../shared/domain/agent.ts';
import { messageOf, NovaError } from '../../../shared/domain/error.ts';
import { usdToMicros } from '../../../shared/domain/money.ts';
import { runId } from '../../../shared/domain/run.ts';
import type { BlueprintHost, RunResult } from '../../../shared/ports/host.ts';
import type { Books } from '../books.ts';
import type { Machine, Machines } from './machines.ts';

export const CALL_MICROS = usdToMicros('0.10');
const INTERRUPTED: RunResult = { outcome: 'interrupted', note: 'asked to stop' };

/** How a run of this agent goes. */
export type Part = {
  readonly calls: number;
  /** How long one call takes at most. */
  readonly callMs: number;
  readonly checkpoints?: true;
  /** Every run crashes. */
  readonly crashes?: true;
  /** Each run earns so much. */
  readonly earnsMicros?: number;
};

export const partOf = (config: JsonObject): Part => config as unknown as Part;

/** A run, and how many of its calls are done. */
type Progress = readonly [run: string, done: number];

/** The process that ran it was ended by the platform for its memory: the machine lives on. */
export class OutOfMemory extends Error {}

type Ports = {
  readonly machines: Machines;
  readonly machine: () => Machine;
  readonly books: () => Books;
  begins(run: string, firstCall: number): void;
};

export function scriptedHost({ machines, machine, books, begins }: Ports): BlueprintHost {
  return {
    async execute(order, calls, interruption) {
      const part = partOf(order.config);
      const run = runId(order.agentId, order.instance.number, order.runId.split('.')[2] ?? '');
      const me = machine();
      const [whose, done] = (order.state ?? ['', 0]) as Progress;
      const first = whose === run ? done : 0;
      begins(run, first);
      try {
        for (let call = first; call < part.calls; call++) {
          if (interruption?.signal.aborted) return INTERRUPTED;
          await machines.ask(me, { port: 'rest' }, () => undefined, ((order.sequence + call) % 3) * (part.callMs / 2));
          await calls.mark(CALL_MICROS);
          const actual = (order.sequence + call) % 3 === 0 ? CALL_MICROS / 2 : CALL_MICROS;
          await machines.ask(me, { port: 'provider' }, () => books().called(run, call, { micros: actual, tokens: 0 }));
          if ((order.sequence + call) % 5 !== 4) calls.settle(actual);
          if (part.checkpoints) await calls.checkpoint([run, call + 1]);
        }
        if (part.earnsMicros) await calls.earn(part.earnsMicros, null);
      } catch (thrown) {
        if (thrown instanceof OutOfMemory) return { outcome: 'crashed', note: 'ended by SIGKILL: out of memory' };
        const failed = thrown instanceof NovaError && thrown.code === 'budget_reached';
        return { outcome: failed ? 'failed' : 'crashed', note: messageOf(thrown).slice(0, 60) };
      }
      return part.crashes ? { outcome: 'crashed', note: 'boom' } : { outcome: 'succeeded', note: 'done' };
    },
  };
}
