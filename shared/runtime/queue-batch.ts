/**
 * A batch of messages through one job. Done means deleted; "later" and trouble that may pass mean left in the queue,
 * each message for itself; what can never work is buried at once with its reason, instead of a round of retries.
 */
import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { fateOf, messageOf, NovaError } from '../domain/error.ts';
import type { Log } from '../ports/outside.ts';
import type { Delivery, Inbox } from '../ports/queue.ts';
import { systemTime } from './clock.ts';
import { backoffSeconds, type Call, type QueueJob } from './job.ts';
import { whyUnreadable } from './unreadable.ts';

/** The two ways back for a message that was received. */
export type Returns = Pick<Inbox, 'giveBack' | 'quarantine'>;

export type Desk<Message, Ports> = {
  readonly job: QueueJob<Message, Ports>;
  readonly world: Ports;
  readonly log: Log;
  readonly returns: () => Promise<Returns>;
};

class GivenBack extends Error {}

/** Answers which messages stay in the queue. */
export function workBatch<Message, Ports>(
  desk: Desk<Message, Ports>,
  event: SQSEvent,
  context: Context,
): Promise<SQSBatchResponse> {
  const deadline = systemTime.now() + context.getRemainingTimeInMillis();
  const workOne = async (record: SQSRecord): Promise<void> => {
    const call: Call = {
      // New for every delivery, also for several messages of one invocation.
      invocationId: `${context.awsRequestId}.${event.Records.indexOf(record)}`,
      deadline,
      receiveCount: Number(record.attributes.ApproximateReceiveCount),
    };
    await workRecord(desk, record, call);
  };
  return processPartialResponse(event, workOne, new BatchProcessor(EventType.SQS), {
    throwOnFullBatchFailure: false,
  });
}

async function workRecord<Message, Ports>(desk: Desk<Message, Ports>, record: SQSRecord, call: Call): Promise<void> {
  const { job, log, returns } = desk;
  const about = { messageId: record.messageId, receiveCount: call.receiveCount };
  try {
    const later = await job.run(read(job, record.body), desk.world, call);
    if (!later) return;
    await (await returns()).giveBack(record.receiptHandle, later.laterSeconds);
    throw new GivenBack();
  } catch (thrown) {
    if (thrown instanceof GivenBack) throw thrown;
    if (fateOf(thrown).retry === 'later') {
      log.warn('message stays in the queue', { ...about, why: messageOf(thrown), stack: stackOf(thrown) });
      await comeBackSoon(desk, record, call).catch(() => undefined);
      throw thrown;
    }
    const reason = `${thrown instanceof NovaError ? thrown.code : 'broken'}: ${messageOf(thrown)}`;
    await (await returns()).quarantine(deliveryOf(record), reason);
    log.error('message buried', { ...about, why: reason });
  }
}

/** Left alone it would stay away for longer than the time-out of its function: six minutes, for a run. */
async function comeBackSoon<Message, Ports>(
  { job, returns }: Pick<Desk<Message, Ports>, 'job' | 'returns'>,
  { receiptHandle }: SQSRecord,
  { receiveCount }: Call,
): Promise<void> {
  await (await returns()).giveBack(receiptHandle, backoffSeconds(receiveCount, job));
}

const deliveryOf = ({ messageId, receiptHandle, body, attributes }: SQSRecord): Delivery => ({
  id: messageId,
  receipt: receiptHandle,
  body,
  receiveCount: Number(attributes.ApproximateReceiveCount),
});

/** @throws NovaError corrupt when the body is not a message of this job: no retry can change that. */
function read<Message, Ports>(job: QueueJob<Message, Ports>, body: string): Message {
  try {
    return job.parse(JSON.parse(body));
  } catch (cause) {
    throw new NovaError('corrupt', `not a message of ${job.name}: ${whyUnreadable(cause)}`, { cause });
  }
}

function stackOf(thrown: unknown): string {
  return thrown instanceof NovaError ? '' : (thrown instanceof Error && thrown.stack) || '';
}
