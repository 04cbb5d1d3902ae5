/** REST API proxy events (format 1.0) to requests and back. */
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { FATES, type NovaError } from '../domain/error.ts';
import type { WebRequest, WebResponse } from './job.ts';

/** The body as it came over the wire: signatures are over bytes. */
export function rawBody(event: Pick<APIGatewayProxyEvent, 'body' | 'isBase64Encoded'>): Uint8Array {
  return Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
}

export function webRequestFrom(event: APIGatewayProxyEvent): WebRequest {
  return {
    method: event.httpMethod,
    path: pathOf(event),
    headers: headersOf(event),
    body: rawBody(event),
    sourceIp: event.requestContext.identity.sourceIp,
  };
}

export function proxyResult(response: WebResponse): APIGatewayProxyResult {
  return { statusCode: response.status, headers: { ...response.headers }, body: response.body };
}

const PLAIN = {
  'content-type': 'text/plain; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
} as const;

/** What the caller may learn: its own mistakes in words, ours as a bare status. */
export function refusal(error: NovaError): WebResponse {
  const { httpStatus, blame } = FATES[error.code];
  const body = blame === 'caller' ? error.message : httpStatus === 503 ? 'try again later' : 'internal error';
  const headers = httpStatus === 503 ? { ...PLAIN, 'retry-after': '5' } : PLAIN;
  return { status: httpStatus, headers, body: `${body}\n` };
}

/**
 * `event.path` has no stage, but behind a domain of one's own it carries the base path: what stands before the fixed
 * beginning of the resource goes.
 */
function pathOf(event: APIGatewayProxyEvent): string {
  const fixed = event.resource.replace(/\{.*$/, '');
  const start = event.path.indexOf(fixed);
  return start > 0 ? event.path.slice(start) : event.path;
}

function headersOf(event: APIGatewayProxyEvent): Record<string, string> {
  const all = event.multiValueHeaders ?? {};
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(event.headers ?? {})) {
    if (value !== undefined) headers[name.toLowerCase()] = value;
  }
  for (const [name, values] of Object.entries(all)) {
    if (values) headers[name.toLowerCase()] = values.join(', ');
  }
  return headers;
}
