/** Batches that SQS takes in part: no stand-in does it, so a middleware sends a part and reports the rest as failed. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { CreateQueueCommand, type SendMessageBatchRequestEntry, type SQSClient } from '@aws-sdk/client-sqs';
import { sqsClient } from '../../shared/aws/clients/sqs.ts';
import { sqsQueue } from '../../shared/aws/sqs-queue.ts';
import { dummyAws, fauxqs, type Started } from './local-aws.ts';

type Entry = SendMessageBatchRequestEntry;
type Refusal = { readonly SenderFault: boolean; readonly Code: string };

/** Of each batch, `refuse` says which entries SQS does not take. */
function partial(client: SQSClient, refuse: (entry: Entry, batch: number) => Refusal | null): void {
  let batches = 0;
  client.middlewareStack.add(
    (next, context) => async (args) => {
      if (context.commandName !== 'SendMessageBatchCommand') return next(args);
      batches++;
      const input = args.input as { Entries: Entry[] };
      const refused = input.Entries.map((entry) => ({ entry, refusal: refuse(entry, batches) }));
      const failed = refused.flatMap(({ entry, refusal }) => (refusal ? [{ Id: entry.Id, ...refusal }] : []));
      const kept = refused.flatMap(({ entry, refusal }) => (refusal ? [] : [entry]));
      if (kept.length === 0) return { output: { Failed: failed, $metadata: {} }, response: {} } as never;
      const sent = await next({ ...args, input: { ...input, Entries: kept } as typeof args.input });
      Object.assign(sent.output, { Failed: failed });
      return sent;
    },
    { step: 'initialize', name: 'partial' },
  );
}

describe('the queue in SQS, when a batch fails in part', { skip: fauxqs.missing ?? false }, () => {
  let started: Started;
  before(async () => {
    dummyAws();
    started = await fauxqs.start();
    process.env.AWS_ENDPOINT_URL_SQS = started.endpoint;
  });
  after(() => started.stop());
  const given = async (name: string, refuse: (entry: Entry, batch: number) => Refusal | null) => {
    const client = sqsClient();
    partial(client, refuse);
    const { QueueUrl: url = '' } = await client.send(new CreateQueueCommand({ QueueName: name }));
    return sqsQueue<number>({ client, url, wait: async () => undefined });
  };

  it('sends what failed again, each message once', async () => {
    const refuse = (entry: Entry, batch: number): Refusal | null =>
      batch <= 3 && Number(entry.Id) % 2 === 0 ? { SenderFault: false, Code: 'InternalError' } : null;
    const queue = await given('partial', refuse);
    await queue.sendMany(Array.from({ length: 25 }, (_, n) => n));
    const received: number[] = [];
    for (;;) {
      const some = await queue.receive({ max: 10, waitSeconds: 0 });
      if (some.length === 0) break;
      received.push(...some.map(({ body }) => Number(body)));
    }
    assert.deepEqual(
      received.sort((a, b) => a - b),
      Array.from({ length: 25 }, (_, n) => n),
    );
  });

  it('gives up after some tries, and at once when the message itself is refused', async () => {
    const never = await given('never', () => ({ SenderFault: false, Code: 'InternalError' }));
    await assert.rejects(never.sendMany([1, 2]), { code: 'unavailable' });
    const fault = await given('fault', ({ Id }) => (Id === '1' ? { SenderFault: true, Code: 'InvalidMessage' } : null));
    await assert.rejects(fault.sendMany([1, 2]), { code: 'bad_input' });
  });
});
