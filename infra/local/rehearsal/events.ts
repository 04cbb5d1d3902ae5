/** The events that AWS builds for a function, and what AWS reads out of its answers. */
import { createHash } from 'node:crypto';
import type { Delivery } from '../../../shared/ports/queue.ts';
import type { WebRequest, WebResponse } from '../../../shared/runtime/job.ts';
import type { FunctionRow } from '../../topology.ts';

const REGION = 'us-east-1';
const ACCOUNT = '000000000000';

export function sqsEvent(batch: readonly Delivery[], queueArn: string): object {
  return {
    Records: batch.map(({ id, receipt, body, receiveCount }) => ({
      messageId: id,
      receiptHandle: receipt,
      body,
      attributes: { ApproximateReceiveCount: String(receiveCount) },
      messageAttributes: {},
      md5OfBody: createHash('md5').update(body).digest('hex'),
      eventSource: 'aws:sqs',
      eventSourceARN: queueArn,
      awsRegion: REGION,
    })),
  };
}

/** As ReportBatchItemFailures is read: nothing said is success; what cannot be understood is failure of the whole batch. */
export function failedIds(answer: unknown, batch: readonly Delivery[]): ReadonlySet<string> {
  const ids = new Set(batch.map(({ id }) => id));
  if (answer === null || answer === undefined || answer === '') return new Set();
  const said = (answer as { batchItemFailures?: unknown }).batchItemFailures;
  if (said === undefined || said === null) return new Set();
  if (!Array.isArray(said)) return ids;
  const named = said.map((one: { itemIdentifier?: unknown } | null) => one?.itemIdentifier);
  return named.every((id) => typeof id === 'string' && ids.has(id)) ? new Set(named as string[]) : ids;
}

/** A REST API's proxy event (format 1.0), for the route that fits. */
export function proxyEvent({ method, path, headers, body, sourceIp }: WebRequest, row: FunctionRow): object {
  const routes = 'http' in row.on ? row.on.http : [];
  const fixed = routes.find((route) => path.startsWith(route.path.slice(0, -1)))?.path.slice(0, -1) ?? '/';
  const resource = `${fixed}{rest+}`;
  return {
    resource,
    path,
    httpMethod: method,
    headers,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    queryStringParameters: null,
    multiValueQueryStringParameters: null,
    pathParameters: { rest: path.slice(fixed.length) },
    stageVariables: null,
    requestContext: {
      ...{ accountId: ACCOUNT, apiId: 'local', protocol: 'HTTP/1.1', stage: 'local', resourcePath: resource },
      ...{
        httpMethod: method,
        path: `/local${path}`,
        identity: { sourceIp, userAgent: headers['user-agent'] ?? null },
      },
    },
    // The API has no binary types: bytes become text on their way in.
    body: body.byteLength > 0 ? Buffer.from(body).toString('utf8') : null,
    isBase64Encoded: false,
  };
}

/** What the API answers when its function fails, times out, or says something it cannot pass on. */
export const BAD_GATEWAY: WebResponse = {
  status: 502,
  headers: { 'content-type': 'application/json' },
  body: '{"message": "Internal server error"}',
};

export function webResponse(answer: unknown): WebResponse {
  const { statusCode, headers, body } = (answer ?? {}) as { statusCode?: unknown; headers?: unknown; body?: unknown };
  if (typeof statusCode !== 'number' || (body !== undefined && typeof body !== 'string')) return BAD_GATEWAY;
  const named = Object.entries((headers ?? {}) as Record<string, unknown>);
  return {
    status: statusCode,
    headers: Object.fromEntries(named.map(([name, value]) => [name, String(value)])),
    body: body ?? '',
  };
}
