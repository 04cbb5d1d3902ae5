/** Receiving from any queue of SQS, and its failures in our words. */
import { type Message, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { messageOf, NovaError } from '../domain/error.ts';
import type { Delivery } from '../ports/queue.ts';

/** The message attribute that says why a message was put aside. */
export const REASON = 'reason';
/** SQS gives ten at a time and waits 20 s at most. */
const MAX_MESSAGES = 10;
const MAX_WAIT_SECONDS = 20;

/** Asks, and speaks of failures in our words. */
export async function asked<R>(what: string, ask: () => Promise<R>): Promise<R> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof NovaError) throw error;
    const name = error instanceof Error ? error.name : '';
    if (/InvalidMessageContents|BatchRequestTooLong|InvalidParameterValue/.test(name)) {
      throw new NovaError('bad_input', `SQS refused to ${what}: ${messageOf(error)}`, { cause: error });
    }
    throw new NovaError('unavailable', `SQS could not ${what}: ${messageOf(error)}`, { cause: error });
  }
}

export type Receive = { client: SQSClient; url: string; max: number; waitSeconds: number; hideSeconds?: number };

export async function receive({ client, url: QueueUrl, max, waitSeconds, hideSeconds }: Receive): Promise<Received[]> {
  const command = new ReceiveMessageCommand({
    QueueUrl,
    MaxNumberOfMessages: Math.min(MAX_MESSAGES, max),
    WaitTimeSeconds: Math.min(MAX_WAIT_SECONDS, Math.ceil(waitSeconds)),
    MessageSystemAttributeNames: ['ApproximateReceiveCount'],
    MessageAttributeNames: [REASON],
    ...(hideSeconds !== undefined && { VisibilityTimeout: hideSeconds }),
  });
  const { Messages: messages = [] } = await client.send(command);
  return messages.map(receivedOf);
}

export type Received = Delivery & { readonly reason: string | undefined };

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
