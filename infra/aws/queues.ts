/** A queue and the place where its poison waits for a person. */

import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { DEAD_LETTER_RETENTION_DAYS, type QueueRow } from '../topology.ts';
import type { Names } from './names.ts';

/** Encrypted, and TLS only. */
export function deadLetterQueue(scope: Construct, id: string, queueName: string): sqs.Queue {
  return new sqs.Queue(scope, id, {
    queueName,
    encryption: sqs.QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(DEAD_LETTER_RETENTION_DAYS),
  });
}

export class QueuePair extends Construct {
  readonly queue: sqs.Queue;
  readonly deadLetters: sqs.Queue;

  constructor(scope: Construct, row: QueueRow, names: Names) {
    super(scope, `queue-${row.name}`);
    this.deadLetters = deadLetterQueue(this, 'DeadLetters', names.deadLetters(row.name));
    this.queue = new sqs.Queue(this, 'Queue', {
      queueName: names.queue(row.name),
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      visibilityTimeout: Duration.seconds(row.visibilitySeconds),
      retentionPeriod: Duration.days(row.retentionDays),
      receiveMessageWaitTime: Duration.seconds(20),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: row.maxReceiveCount },
    });
  }
}
