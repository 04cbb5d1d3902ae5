/** All functions of the topology as local processes, and what wakes those that queues wake. */
import { closeSync, openSync, renameSync, statSync } from 'node:fs';
import { NovaError } from '../../../shared/domain/error.ts';
import type { Warden } from '../../../shared/embedded/warden.ts';
import type { Inbox } from '../../../shared/ports/queue.ts';
import type { WebRequest, WebResponse } from '../../../shared/runtime/job.ts';
import { type FunctionRow, functions, type QueueName } from '../../topology.ts';
import { webRow } from '../jobs.ts';
import type { BundleOf } from './bundles.ts';
import { BAD_GATEWAY, proxyEvent, webResponse } from './events.ts';
import { FunctionPool } from './function-pool.ts';
import { type Poller, startPoller } from './poller.ts';

export type FunctionsOptions = {
  readonly bundleOf: BundleOf;
  readonly envOf: (row: FunctionRow) => Readonly<Record<string, string>>;
  readonly nameOf: (name: string) => string;
  readonly maxConcurrentRuns: number;
  readonly warden: Warden;
  /** Takes what functions print. */
  readonly logFile: string;
  onTrouble(message: string, error: string): void;
};

export type Functions = {
  invoke(name: string, event: object): Promise<unknown>;
  /** null when no route of the topology fits. */
  answer(request: WebRequest): Promise<WebResponse | null>;
  /** One poller per queue that wakes a function. */
  poll(inboxOf: (queue: QueueName) => { readonly inbox: Inbox; readonly arn: string }): readonly Poller[];
  /** Loads every function that no event has needed yet, one after the other; a bundle that does not load is told. */
  warm(): Promise<void>;
  pids(name: string): readonly number[];
  close(graceMs: number): Promise<void>;
};

/** On AWS functions do not share cores. Here what nobody waits for stands back behind requests, as far as the machine lets it. */
const BEHIND = 5;
const MAX_LOG_BYTES = 10_000_000;

export function startFunctions(options: FunctionsOptions): Functions {
  const output = openLog(options.logFile);
  const rows = functions.map((row) => ({ row, pool: poolOf(row, options, output) }));
  const pool = (name: string): FunctionPool => {
    const found = rows.find(({ row }) => row.name === name);
    if (!found) throw new NovaError('broken', `the topology has no function ${name}`);
    return found.pool;
  };
  return {
    invoke: (name, event) => pool(name).invoke(event),
    async answer(request) {
      const found = webRow(rows, request);
      if (!found) return null;
      try {
        return webResponse(await found.pool.invoke(proxyEvent(request, found.row)));
      } catch (thrown) {
        options.onTrouble(`${found.row.name} gave no answer`, String(thrown));
        return BAD_GATEWAY;
      }
    },
    poll: (inboxOf) =>
      rows.flatMap(({ row, pool }) => {
        if (!('queue' in row.on)) return [];
        const { queue, batchSize } = row.on;
        const { inbox, arn: queueArn } = inboxOf(queue);
        const invoke = (event: object): Promise<unknown> => pool.invoke(event);
        const concurrency = sizeOf(row, options);
        return startPoller({ inbox, queueArn, batchSize, concurrency, invoke, onTrouble: options.onTrouble });
      }),
    async warm() {
      // Those first that somebody waits for.
      for (const { row, pool } of rows.toSorted((a, b) => Number('http' in b.row.on) - Number('http' in a.row.on))) {
        await pool.warm().catch((thrown: unknown) => options.onTrouble(`${row.name} does not load`, String(thrown)));
      }
    },
    pids: (name) => pool(name).pids(),
    async close(graceMs) {
      await Promise.all(rows.map(({ pool }) => pool.close(graceMs)));
      closeSync(output);
    },
  };
}

/** Requests that somebody waits for are not answered one after the other. */
const WEB_ENVIRONMENTS = 4;

/** Several environments where runs go on side by side or somebody waits, one of every other function. */
function sizeOf({ on }: FunctionRow, { maxConcurrentRuns }: FunctionsOptions): number {
  if ('http' in on) return WEB_ENVIRONMENTS;
  return 'queue' in on && on.queue === 'runs' ? maxConcurrentRuns : 1;
}

function poolOf(row: FunctionRow, options: FunctionsOptions, output: number): FunctionPool {
  const { name, timeoutSeconds, memoryMb } = row;
  return new FunctionPool({
    name: options.nameOf(name),
    bundle: options.bundleOf(name),
    env: options.envOf(row),
    timeoutMs: timeoutSeconds * 1000,
    memoryMb,
    output,
    size: sizeOf(row, options),
    nice: 'http' in row.on ? 0 : BEHIND,
    watch: options.warden,
  });
}

/** At ten megabytes the file starts anew at the next start, and the last one is kept beside it. */
function openLog(path: string): number {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > MAX_LOG_BYTES) renameSync(path, `${path}.1`);
  return openSync(path, 'a', 0o600);
}
