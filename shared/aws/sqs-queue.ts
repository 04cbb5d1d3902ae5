/** The queue in SQS. Visibility, redrive policy and dead-letter queue were set when the queue was made. */
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { messageOf, NovaError } from '../domain/error.ts';
import type { DeadLetter, Delivery, Inbox, Queue, QueueAdmin } from '../ports/queue.ts';

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
const REASON = 'reason';

export function sqsQueue<T>(options: SqsQueueOptions): SqsQueue<T> {
  return { ...sending<T>(options), ...receiving(options), ...administering(options) };
}

/** Asks, and speaks of failures in our words. */
async function asked<R>(what: string, ask: () => Promise<R>): Promise<R> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof NovaError) throw error;
    throw new NovaError('unavailable', `SQS could not ${what}: ${messageOf(error)}`, { cause: error });
  }
}

function sending<T>({ client, url: QueueUrl, wait = pause }: SqsQueueOptions): Queue<T> {
  return {
    async send(message, { delaySeconds: DelaySeconds } = {}) {
      const MessageBody = JSON.stringify(message);
      const command = new SendMessageCommand({ QueueUrl, MessageBody, ...(DelaySeconds && { DelaySeconds }) });
      await asked('send', () => client.send(command));
    },
    async sendMany(messages) {
      for (const bodies of batchesOf(messages.map((message) => JSON.stringify(message)))) {
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
        [REASON]: { DataType: 'String', StringValue: reason.slice(0, 1000) || 'none given' },
      };
      const command = new SendMessageCommand({ QueueUrl, MessageBody: body, MessageAttributes });
      await asked('quarantine', () => client.send(command));
      await remove(receipt);
    },
  };
}

const noAnswer = (): void => undefined;
/** The message was deleted, or is somebody else's by now: nothing to give back. */
function ignoreVoid(error: unknown): void {
  const name = error instanceof Error ? error.name : '';
  if (!/MessageNotInflight|ReceiptHandleIsInvalid|InvalidParameterValue/.test(name)) throw error;
}

type Receive = { client: SQSClient; url: string; max: number; waitSeconds: number; hideSeconds?: number };

async function receive({ client, url: QueueUrl, max, waitSeconds, hideSeconds }: Receive): Promise<Received[]> {
  const command = new ReceiveMessageCommand({
    QueueUrl,
    MaxNumberOfMessages: Math.min(BATCH, max),
    WaitTimeSeconds: Math.min(20, Math.ceil(waitSeconds)),
    MessageSystemAttributeNames: ['ApproximateReceiveCount'],
    MessageAttributeNames: [REASON],
    ...(hideSeconds !== undefined && { VisibilityTimeout: hideSeconds }),
  });
  const { Messages: messages = [] } = await client.send(command);
  return messages.map(receivedOf);
}

type Received = Delivery & { readonly reason: string | undefined };

function receivedOf({
  MessageId = '',
  ReceiptHandle = '',
  Body = '',
  Attributes,
  MessageAttributes,
}: Message): Received {
  return {
    id: MessageId,
    receipt: ReceiptHandle,
    body: Body,
    receiveCount: Number(Attributes?.ApproximateReceiveCount ?? 1),
    reason: MessageAttributes?.[REASON]?.StringValue,
  };
}

function needed(deadLetterUrl: string | undefined): string {
  if (deadLetterUrl) return deadLetterUrl;
  throw new NovaError('misconfigured', 'this queue was given no dead-letter queue');
}

function administering({ client, url, deadLetterUrl }: SqsQueueOptions): QueueAdmin {
  return {
    async depth() {
      const [live, dead] = await Promise.all([
        counts(client, url),
        deadLetterUrl ? counts(client, deadLetterUrl) : null,
      ]);
      return { visible: live.visible, inFlight: live.hidden, dead: dead ? dead.visible + dead.hidden : 0 };
    },
    redrive: (max) => asked('redrive', () => redrive({ client, from: needed(deadLetterUrl), to: url, max })),
    deadLetters: (max) => asked('look', () => look({ client, url: needed(deadLetterUrl), max })),
  };
}

async function counts(client: SQSClient, QueueUrl: string): Promise<{ visible: number; hidden: number }> {
  const names = ['', 'NotVisible', 'Delayed'].map((kind) => `ApproximateNumberOfMessages${kind}` as const);
  const AttributeNames = names as ('ApproximateNumberOfMessages' | 'ApproximateNumberOfMessagesNotVisible')[];
  const found = await asked('count', () => client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames })));
  const [visible = 0, inFlight = 0, delayed = 0] = AttributeNames.map((name) => Number(found.Attributes?.[name] ?? 0));
  return { visible, hidden: inFlight + delayed };
}

/** Letters are hidden while we page through them, then shown again. */
async function look({ client, url, max }: { client: SQSClient; url: string; max: number }): Promise<DeadLetter[]> {
  const seen: Received[] = [];
  while (seen.length < max) {
    const page = await receive({ client, url, max: max - seen.length, waitSeconds: 0, hideSeconds: 30 });
    if (page.length === 0) break;
    seen.push(...page);
  }
  const show = ({ receipt: ReceiptHandle }: Received): Promise<unknown> =>
    client.send(new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle, VisibilityTimeout: 0 }));
  await Promise.all(seen.map(show));
  return seen.map(({ id, body, reason = 'received too often' }) => ({ id, body, reason }));
}

/** Receive, send, delete: a crash between the two leaves a message twice, never lost. */
async function redrive(options: { client: SQSClient; from: string; to: string; max: number }): Promise<number> {
  const { client, from, to, max } = options;
  let moved = 0;
  while (moved < max) {
    const letters = await receive({ client, url: from, max: max - moved, waitSeconds: 0, hideSeconds: 60 });
    if (letters.length === 0) return moved;
    for (const { body, receipt } of letters) {
      await client.send(new SendMessageCommand({ QueueUrl: to, MessageBody: body }));
      await client.send(new DeleteMessageCommand({ QueueUrl: from, ReceiptHandle: receipt }));
      moved++;
    }
  }
  return moved;
}
