/** Roots of the audit trail in a bucket whose objects nobody can change: Object Lock keeps what was put first. */
import {
  GetObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { NovaError } from '../domain/error.ts';
import type { Roots } from '../ports/outside.ts';
import { errorName, serviceError } from './service-error.ts';

const PREFIX = 'roots/';
const keyOf = (date: string): string => `${PREFIX}${date}.json`;
/** 412 and, while somebody else is at it, 409. */
const TAKEN = ['PreconditionFailed', 'ConditionalRequestConflict'];

/** How long an object is locked is the bucket's own rule. */
export function s3Roots(client: S3Client, bucket: string): Roots {
  return {
    async keep(date, text) {
      const object = {
        Bucket: bucket,
        Key: keyOf(date),
        Body: text,
        ContentType: 'application/json',
        IfNoneMatch: '*',
      };
      try {
        await client.send(new PutObjectCommand(object));
      } catch (thrown) {
        if (!TAKEN.includes(errorName(thrown)))
          throw serviceError(`the root of ${date} could not be kept in S3`, thrown);
      }
    },
    async since(date) {
      const texts: string[] = [];
      for (const key of await keysSince(client, bucket, date)) texts.push(await textOf(client, bucket, key));
      return texts;
    },
  };
}

async function keysSince(client: S3Client, bucket: string, date: string): Promise<string[]> {
  const keys: string[] = [];
  let token: string | undefined;
  do {
    const page = { Bucket: bucket, Prefix: PREFIX, ...(token ? { ContinuationToken: token } : {}) };
    const answer: ListObjectsV2CommandOutput = await asked(() => client.send(new ListObjectsV2Command(page)));
    keys.push(...(answer.Contents ?? []).flatMap(({ Key }) => (Key ? [Key] : [])));
    token = answer.NextContinuationToken;
  } while (token);
  return keys.filter((key) => key >= keyOf(date)).sort();
}

async function textOf(client: S3Client, bucket: string, key: string): Promise<string> {
  const { Body } = await asked(() => client.send(new GetObjectCommand({ Bucket: bucket, Key: key })));
  if (!Body) throw new NovaError('corrupt', `the root ${key} is empty`);
  return Body.transformToString('utf8');
}

async function asked<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (thrown) {
    throw serviceError('the roots of the audit trail could not be read from S3', thrown);
  }
}
