/**
 * The HTTP front of one machine: the routes of the topology, the mail catcher's API and its inbox, and the control
 * channel of the command. Bound to 127.0.0.1; a Host that is not ours is refused, so that no page of the world can
 * reach it by DNS rebinding.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FATES, messageOf, NovaError } from '../../shared/domain/error.ts';
import type { Log } from '../../shared/ports/outside.ts';
import type { WebRequest, WebResponse } from '../../shared/runtime/job.ts';
import { inboxPage, mailPage, welcomePage } from './inbox-page.ts';
import type { MailCatcher } from './mail-catcher.ts';

export type FrontOptions = {
  readonly port: number;
  readonly token: string;
  readonly mails: MailCatcher;
  /** What a sender of mail must know: the mails hold links and codes, so nobody else may add to them. */
  mailKey(): Promise<string>;
  /** null when no route of the topology fits. */
  web(request: WebRequest): Promise<WebResponse | null>;
  control(body: unknown): Promise<unknown>;
  /** Hears what was our fault and answered without a reason. */
  readonly log: Pick<Log, 'error'>;
};

export type Front = {
  readonly url: string;
  /** The inbox, under a path that only who can read local.json or sees the terminal knows. */
  readonly mailUrl: string;
  readonly port: number;
  close(): Promise<void>;
};

/** Above what any route takes: webhooks stop at 256 KiB, control requests may carry a config. */
const MAX_BODY_BYTES = 1_048_576;

/** @throws NovaError conflict when the port is taken. */
export async function openFront(options: FrontOptions): Promise<Front> {
  const server = createServer({ maxHeaderSize: 16_384, requestTimeout: 30_000 }, (request, response) => {
    answer(options, request, response).catch((thrown) => fail(options, response, thrown));
  });
  await listen(server, options.port);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://localhost:${port}`,
    mailUrl: `http://localhost:${port}${inboxPath(options.token)}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const taken = `port ${port} is in use; choose another with --port`;
      reject(cause.code === 'EADDRINUSE' ? new NovaError('conflict', taken, { cause }) : cause);
    });
    server.listen({ port, host: '127.0.0.1' }, resolve);
  });
}

async function answer(options: FrontOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (!isOurs(request)) throw new NovaError('denied', 'this host is not ours');
  const pathname = pathOf(request.url ?? '/');
  if (pathname === '/v3/mail/send') return await caught(options, request, response);
  if (pathname === '/control/command') return send(response, await controlled(options, request));
  const mails = inboxPath(options.token);
  if (
    request.method === 'GET' &&
    pathname.length >= mails.length &&
    sameSecret(pathname.slice(0, mails.length), mails)
  ) {
    return send(response, await inbox(options.mails, { mails, pathname }));
  }
  if (request.method === 'GET' && pathname === '/') return send(response, welcomePage());
  const answered = await options.web(await webRequest(request, pathname));
  send(response, answered ?? { status: 404, headers: { 'content-type': 'text/plain' }, body: 'not found\n' });
}

/** Alone it would take the first part of `//x/y` for a host, or throw. */
function pathOf(url: string): string {
  const whole = `http://localhost${url}`;
  if (!url.startsWith('/') || !URL.canParse(whole)) throw new NovaError('bad_input', 'this address is malformed');
  return new URL(whole).pathname;
}

const LOCAL_HOSTS = /^(localhost|127\.0\.0\.1)(:\d+)?$/;

function isOurs({ headers, socket }: IncomingMessage): boolean {
  const host = headers.host ?? '';
  const port = host.split(':')[1];
  return LOCAL_HOSTS.test(host) && (port === undefined || Number(port) === socket.localPort);
}

async function controlled(options: FrontOptions, request: IncomingMessage): Promise<WebResponse> {
  if (request.method !== 'POST') throw new NovaError('bad_input', 'control takes POST');
  if (!sameSecret(bearerOf(request), options.token))
    throw new NovaError('denied', 'the token of this engine is in its local.json');
  const body = JSON.parse((await bodyOf(request)).toString('utf8')) as unknown;
  return { status: 200, headers: JSON_TYPE, body: JSON.stringify(await options.control(body)) };
}

const JSON_TYPE = { 'content-type': 'application/json', 'cache-control': 'no-store' };

function sameSecret(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

/** Any program of this machine can reach the front; the mails hold what decides. */
const inboxPath = (token: string): string =>
  `/mail/${createHash('sha256').update(`inbox ${token}`).digest('base64url').slice(0, 22)}`;

async function inbox(
  catcher: MailCatcher,
  { mails, pathname }: { mails: string; pathname: string },
): Promise<WebResponse> {
  const rest = pathname.slice(mails.length);
  if (rest === '' || rest === '/') return inboxPage(await catcher.list(), mails);
  const mail = await catcher.show(rest.slice(1));
  if (!mail) throw new NovaError('not_found', 'there is no such mail');
  return mailPage(mail, mails);
}

async function caught(options: FrontOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (!sameSecret(bearerOf(request), await options.mailKey()))
    throw new NovaError('unauthenticated', 'this mail key is not ours');
  await options.mails.listener(request, response);
}

const bearerOf = ({ headers }: IncomingMessage): string =>
  /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1] ?? '';

async function webRequest(request: IncomingMessage, path: string): Promise<WebRequest> {
  const headers = Object.entries(request.headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(', ') : (value ?? ''),
  ]);
  return {
    method: request.method ?? 'GET',
    path,
    headers: Object.fromEntries(headers) as Record<string, string>,
    body: await bodyOf(request),
    sourceIp: request.socket.remoteAddress ?? '',
  };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = chunk as Buffer;
    size += bytes.byteLength;
    // Read on and dropped, so that the answer arrives.
    if (size <= MAX_BODY_BYTES) chunks.push(bytes);
  }
  if (size > MAX_BODY_BYTES)
    throw new NovaError('too_large', `a body has at most ${MAX_BODY_BYTES} bytes; got ${size}`);
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, { status, headers, body }: WebResponse): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

/** `/hooks/stripe`, `/a`, `/mail`: what follows may be a secret. */
function placeOf(url = ''): string {
  return /^\/hooks\/\w{1,20}|^\/\w{1,20}/.exec(url)?.[0] ?? '/';
}

/** What is our fault says nothing else; the log has it, without what an address may keep secret. */
function fail({ log }: FrontOptions, response: ServerResponse, thrown: unknown): void {
  const known = thrown instanceof NovaError ? FATES[thrown.code] : null;
  const status = known?.httpStatus ?? (thrown instanceof SyntaxError ? 400 : 500);
  const { method, url } = response.req;
  // Who went away in the middle of a request has had no answer to miss.
  if (status >= 500 && !response.destroyed) {
    log.error('a request could not be answered', {
      method: String(method),
      place: placeOf(url),
      why: messageOf(thrown),
    });
  }
  if (response.headersSent) return void response.destroy();
  const message = known && known.blame === 'caller' ? messageOf(thrown) : 'the request could not be answered';
  send(response, { status, headers: JSON_TYPE, body: JSON.stringify({ why: { message } }) });
}
