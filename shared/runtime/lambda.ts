/**
 * Where a job meets Lambda; the only place that knows middy. One order of acts for the three shapes: world (cold start
 * only) → log context → parse → run → error to answer. The environment is read when the world is opened.
 */
import middy from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { Json, JsonObject } from '../domain/agent.ts';
import { FATES, messageOf, NovaError } from '../domain/error.ts';
import type { World } from '../ports/world.ts';
import { systemTime } from './clock.ts';
import { type EnvSource, environment, settingsFrom } from './env.ts';
import type { Call, Needs, QueueJob, ScheduleJob, WebJob } from './job.ts';
import { type LambdaLog, lambdaLog } from './lambda-log.ts';
import type { Returns } from './queue-batch.ts';
import { proxyResult, refusal, webRequestFrom } from './web-event.ts';

/** What `shared/aws/world.ts` exports: loaded late, so that no other engine ever meets an AWS client. */
export type Cloud = {
  openWorld<Port extends keyof World>(env: EnvSource, needs: readonly Port[]): Promise<Pick<World, Port>>;
  openReturns(env: EnvSource): Promise<Returns>;
};
export type Load = () => Promise<Cloud>;

/** `warm` opens the world ahead of the first event; the bundle's entry awaits it while start-up has a whole processor. */
export type LambdaHandler<Event, Answer> = {
  (event: Event, context: Context): Promise<Answer>;
  readonly warm: () => Promise<void>;
};

type Opened<Ports> = { readonly world: Ports; readonly cloud: Cloud; readonly log: LambdaLog };
type Act<Ports, Event, Answer> = (event: Event, opened: Opened<Ports>, context: Context) => Promise<Answer>;
type Shape<Ports, Event, Answer> = {
  readonly job: { readonly name: string; readonly needs: Needs<Ports> };
  readonly load: Load;
  readonly act: Act<Ports, Event, Answer>;
  /** What else is loaded ahead of the first event. */
  readonly ready?: () => Promise<unknown>;
  /** An answer instead of a failed invocation, where someone waits for one. */
  readonly answerTo?: (error: NovaError) => Answer;
};

/** A queue's consumer: partial batch failures, messages given back for later, poison buried with its reason. */
export function lambdaQueue<Message, Ports extends Partial<World>>(job: QueueJob<Message, Ports>, load: Load) {
  return compose<Ports, SQSEvent, SQSBatchResponse>({
    job,
    load,
    // Only queue functions carry the batch processor.
    ready: () => import('./queue-batch.ts'),
    act: async (event, { world, cloud, log }, context) => {
      const { workBatch } = await import('./queue-batch.ts');
      const returns = once(() => cloud.openReturns(environment()));
      return workBatch({ job, world, log, returns }, event, context);
    },
  });
}

/** Woken by time. The numbers under `metrics` in the job's answer are published; a reason under `failed`, and a throw, fail the invocation. */
export function lambdaSchedule<Ports extends Partial<World>>(job: ScheduleJob<Ports>, load: Load) {
  return compose<Ports, unknown, JsonObject>({
    job,
    load,
    act: async (_event, { world, log }, context) => {
      const answer = await job.run(world, callOf(context));
      log.info('done', answer);
      if (isObject(answer.metrics)) {
        const { publishMetrics } = await import('./lambda-metrics.ts');
        publishMetrics(settingsFrom().stage, answer.metrics);
      }
      if (typeof answer.failed === 'string') throw new NovaError('broken', answer.failed);
      return answer;
    },
  });
}

/** Woken by a request. Whatever is thrown becomes a status; what is our fault says nothing else. */
export function lambdaWeb<Ports extends Partial<World>>(job: WebJob<Ports>, load: Load) {
  return compose<Ports, APIGatewayProxyEvent, APIGatewayProxyResult>({
    job,
    load,
    act: async (event, { world }, context) => proxyResult(await job.run(webRequestFrom(event), world, callOf(context))),
    answerTo: (error) => proxyResult(refusal(error)),
  });
}

function compose<Ports extends Partial<World>, Event, Answer>(
  shape: Shape<Ports, Event, Answer>,
): LambdaHandler<Event, Answer> {
  const log = lambdaLog(shape.job.name);
  const open = once(() => openFor(shape, log));
  const handler = middy<Event, Answer>()
    .before(({ context }) => log.enter(context))
    .before(async () => void (await open()))
    .after(() => log.written())
    .onError(async (request) => {
      const error = asNova(request.error);
      // A caller who gets an answer knows its own mistake; anything else is news for whoever reads the log.
      if (!shape.answerTo || FATES[error.code].blame !== 'caller') tell(log, error);
      await log.written();
      if (shape.answerTo) request.response = shape.answerTo(error);
    })
    .handler(async (event: Event, context: Context) => shape.act(event, await open(), context));
  const warm = async (): Promise<void> => {
    // What is wrong is said by the first invocation, which someone waits for.
    await Promise.all([open(), shape.ready?.()]).catch(() => undefined);
  };
  return Object.assign((event: Event, context: Context) => handler(event, context) as Promise<Answer>, { warm });
}

async function openFor<Ports extends Partial<World>, Event, Answer>(
  { job, load }: Shape<Ports, Event, Answer>,
  log: LambdaLog,
): Promise<Opened<Ports>> {
  const cloud = await load();
  const ports = (Object.keys(job.needs) as (keyof World)[]).filter((port) => port !== 'log');
  const opened: Partial<World> = { ...(await cloud.openWorld(environment(), ports)), log };
  // `needs` names every port of Ports: its type says so.
  return { world: opened as Ports, cloud, log };
}

function tell(log: LambdaLog, error: NovaError): void {
  const cause = error.cause instanceof Error ? error.cause : error;
  log.error('failed', { code: error.code, why: error.message, stack: cause.stack ?? '' });
}

const asNova = (thrown: unknown): NovaError =>
  thrown instanceof NovaError ? thrown : new NovaError('broken', messageOf(thrown), { cause: thrown });

const callOf = (context: Context): Call => ({
  invocationId: context.awsRequestId,
  deadline: systemTime.now() + context.getRemainingTimeInMillis(),
  receiveCount: 1,
});

/** Remembers the first success; a failure is tried again by the next caller. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((thrown: unknown) => {
      made = undefined;
      throw thrown;
    });
    return made;
  };
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
