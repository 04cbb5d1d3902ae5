/** The queue in SQS. Visibility, redrive policy and dead-letter queue were set when the queue was made. */
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { NovaError } from '../domain/error.ts';
import type { Inbox, Queue, QueueAdmin } from '../ports/queue.ts';
import { administering, needed } from './sqs-admin.ts';
import { asked, REASON, receive } from './sqs-receive.ts';

export type SqsQueueOptions = {
  readonly client: SQSClient;
  readonly url: string;
  /** Without it there is nothing to quarantine into, to redrive or to list. */
  readonly deadLetterUrl?: string;
  readonly wait?: (ms: number) => Promise<void>;
};

export type SqsQueue<T> = Queue<T> & Inbox & QueueAdmin;

/** SQS takes and gives ten at a time. */
const BATCH = 10;
/** A batch has at most 1 MiB, too; this leaves room for what surrounds the bodies. */
const BATCH_BYTES = 1_000_000;
const SEND_TRIES = 5;

export function sqsQueue<T>(options: SqsQueueOptions): SqsQueue<T> {
  return { ...sending<T>(options), ...receiving(options), ...administering(options) };
}

/**
 * JSON within the characters SQS takes: what lies outside is written as an escape, which means the same. Beyond the BMP
 * that would not be needed, but some stand-ins refuse it, and nothing is lost.
 */
function textOf(message: unknown): string {
  const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(message).replace(/[\ud800-\udfff\ufffe\uffff]/g, escaped);
}

function sending<T>({ client, url: QueueUrl, wait = pause }: SqsQueueOptions): Queue<T> {
  return {
    async send(message, { delaySeconds: DelaySeconds } = {}) {
      const MessageBody = textOf(message);
      const command = new SendMessageCommand({ QueueUrl, MessageBody, ...(DelaySeconds && { DelaySeconds }) });
      await asked('send', () => client.send(command));
    },
    async sendMany(messages) {
      for (const bodies of batchesOf(messages.map(textOf))) {
        await asked('send a batch', () => sendBatch({ client, QueueUrl, bodies, wait }));
      }
    },
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

function* batchesOf(bodies: readonly string[]): Generator<string[]> {
  let batch: string[] = [];
  let bytes = 0;
  for (const body of bodies) {
    const size = Buffer.byteLength(body);
    if (batch.length === BATCH || (batch.length > 0 && bytes + size > BATCH_BYTES)) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(body);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

type Batch = { client: SQSClient; QueueUrl: string; bodies: readonly string[]; wait: (ms: number) => Promise<void> };

/** A batch may fail in part: what failed is sent again, unless SQS says it is the sender's fault. */
async function sendBatch({ client, QueueUrl, bodies, wait }: Batch): Promise<void> {
  let left = bodies.map((MessageBody, index) => ({ Id: String(index), MessageBody }));
  for (let attempt = 1; left.length > 0; attempt++) {
    const { Failed: failed = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl, Entries: left }));
    const fault = failed.find(({ SenderFault }) => SenderFault);
    if (fault) throw new NovaError('bad_input', `SQS refused a message: ${fault.Code} ${fault.Message ?? ''}`);
    const ids = new Set(failed.map(({ Id }) => Id));
    left = left.filter(({ Id }) => ids.has(Id));
    if (left.length === 0) return;
    if (attempt >= SEND_TRIES) throw new NovaError('unavailable', `SQS took all but ${left.length} of a batch`);
    await wait(Math.random() * 50 * 2 ** attempt);
  }
}

function receiving({ client, url: QueueUrl, deadLetterUrl }: SqsQueueOptions): Inbox {
  const remove = async (ReceiptHandle: string): Promise<void> => {
    await asked('delete', () => client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle })));
  };
  return {
    receive: ({ max, waitSeconds }) => asked('receive', () => receive({ client, url: QueueUrl, max, waitSeconds })),
    delete: remove,
    async giveBack(ReceiptHandle, seconds) {
      const VisibilityTimeout = Math.round(seconds);
      const command = new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout });
      await asked('give back', () => client.send(command).then(noAnswer, ignoreVoid));
    },
    async quarantine({ body, receipt }, reason) {
      const QueueUrl = needed(deadLetterUrl);
      const MessageAttributes = {
        [REASON]: { DataType: 'String', StringValue: reasonText(reason) },
      };
      const command = new SendMessageCommand({ QueueUrl, MessageBody: body, MessageAttributes });
      await asked('quarantine', () => client.send(command));
      await remove(receipt);
    },
  };
}

const reasonText = (reason: string): string =>
  reason.replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd]/g, '?').slice(0, 1000) || 'none given';

const noAnswer = (): void => undefined;
/** The message was deleted, or is somebody else's by now: nothing to give back. */
function ignoreVoid(error: unknown): void {
  const name = error instanceof Error ? error.name : '';
  if (!/MessageNotInflight|ReceiptHandleIsInvalid|InvalidParameterValue/.test(name)) throw error;
}
