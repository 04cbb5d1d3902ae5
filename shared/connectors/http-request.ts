/** One request and its answer, within its time and size; redirects are answers too. */
import type { Readable } from 'node:stream';
import type { Agent } from 'undici';
import { messageOf, NovaError } from '../domain/error.ts';
import { type BodyLimit, readBody, textType } from './page-body.ts';

export type Answer = {
  readonly status: number;
  /** Lower-case names; several values of one name are joined by ", ". */
  readonly headers: ReadonlyMap<string, string>;
  readonly bytes: Buffer;
  readonly url: URL;
};

export type RequestTerms = {
  readonly userAgent: string;
  readonly totalMs: number;
  readonly body: BodyLimit;
  /** Also what is not called text: robots.txt is served as anything. */
  readonly anyType: boolean;
};

export const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** @throws NovaError unavailable, too_large, unsupported, denied. No cookie is sent, none is kept. */
export async function requestOnce(agent: Agent, url: URL, terms: RequestTerms): Promise<Answer> {
  const tooLong = new AbortController();
  const timer = setTimeout(() => tooLong.abort(), Math.max(0, terms.totalMs));
  try {
    const { statusCode, headers, body } = await agent.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: 'GET',
      headers: wished(terms.userAgent),
      signal: tooLong.signal,
    });
    const read = joined(headers);
    const bytes = await bytesOf(body, { status: statusCode, headers: read, terms });
    return { status: statusCode, headers: read, bytes, url };
  } catch (error) {
    throw tooLong.signal.aborted ? new NovaError('unavailable', `${url.host} took too long`) : asOurs(error, url);
  } finally {
    clearTimeout(timer);
  }
}

type Heard = { readonly status: number; readonly headers: ReadonlyMap<string, string>; readonly terms: RequestTerms };

async function bytesOf(body: Readable, { status, headers, terms }: Heard): Promise<Buffer> {
  const type = headers.get('content-type');
  try {
    if (REDIRECTS.has(status)) return drop(body);
    if (!terms.anyType && type !== undefined) textType(type);
    const { maxBytes, beyond } = terms.body;
    if (beyond === 'refuse' && Number(headers.get('content-length')) > maxBytes) {
      throw new NovaError('too_large', `the page has more than ${maxBytes} bytes`);
    }
    return await readBody(body, headers.get('content-encoding') ?? '', terms.body);
  } catch (error) {
    drop(body);
    throw error;
  }
}

/** A body of no use is cut off, and its connection with it: it could go on for ever. */
function drop(body: Readable): Buffer {
  body.on('error', () => {}).destroy();
  return Buffer.alloc(0);
}

function wished(userAgent: string): Record<string, string> {
  return {
    'user-agent': userAgent,
    accept: 'text/html, application/xhtml+xml, application/json, text/plain;q=0.8',
    'accept-encoding': 'gzip, br',
  };
}

function joined(headers: Readonly<Record<string, string | string[] | undefined>>): ReadonlyMap<string, string> {
  const entries = Object.entries(headers).map(
    ([name, value]) => [name.toLowerCase(), [value].flat().join(', ')] as const,
  );
  return new Map(entries);
}

function asOurs(error: unknown, url: URL): NovaError {
  if (error instanceof NovaError) return error;
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
  return new NovaError('unavailable', `${url.host} could not be read: ${messageOf(error)}${code}`, { cause: error });
}
