/** A function that a queue wakes, one message's failure being its own. */
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { FunctionRow, QueueRow } from '../topology.ts';
import { consumeStatement } from './grants.ts';
import { NovaFunction } from './nova-function.ts';
import type { Site } from './site.ts';

export class QueueFunction extends NovaFunction {
  constructor(scope: Construct, row: FunctionRow, wake: { queue: QueueRow; batchSize: number; site: Site }) {
    const { queue: queueRow, batchSize, site } = wake;
    const { queue, deadLetters } = site.queue(queueRow.name);
    const env = { NOVA_INBOX: queue.queueUrl, NOVA_DEAD_LETTERS: deadLetters.queueUrl };
    super(scope, row, site, { deadLetters, env });
    this.allow(consumeStatement(queue.queueArn));
    const mapping = new lambda.EventSourceMapping(this, 'Source', {
      target: this.fn,
      eventSourceArn: queue.queueArn,
      batchSize,
      reportBatchItemFailures: true,
      maxConcurrency: queueRow.name === 'runs' ? site.choices.maxConcurrentRuns : queueRow.maxConcurrency,
    });
    // AWS checks the rights when the mapping is made.
    mapping.node.addDependency(this.role);
  }
}
