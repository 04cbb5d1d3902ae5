/** Depth, dead letters and redrive of a queue in SQS. */
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { NovaError } from '../domain/error.ts';
import type { DeadLetter, QueueAdmin } from '../ports/queue.ts';
import { asked, type Received, receive } from './sqs-receive.ts';

type Queues = { readonly client: SQSClient; readonly url: string; readonly deadLetterUrl?: string };

/** @throws NovaError misconfigured for a queue without one. */
export function needed(deadLetterUrl: string | undefined): string {
  if (deadLetterUrl) return deadLetterUrl;
  throw new NovaError('misconfigured', 'this queue was given no dead-letter queue');
}

export function administering({ client, url, deadLetterUrl }: Queues): QueueAdmin {
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
