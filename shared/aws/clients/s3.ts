import { S3Client } from '@aws-sdk/client-s3';

/** The SDK's own retries: an object is put once, and only while there is none. */
export function s3Client(): S3Client {
  return new S3Client({ requestHandler: { connectionTimeout: 1_000, requestTimeout: 10_000 } });
}
