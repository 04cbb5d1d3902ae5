/**
 * Alerts over ways that are not mail: a Slack incoming webhook, an SMS through Twilio, a signed webhook of one's own.
 * Addresses come from operators and secrets; nothing of a secret reaches an error or a log.
 */
import { createHmac } from 'node:crypto';
import { NovaError } from '../domain/error.ts';
import type { PageOut, Pager, Secrets } from '../ports/outside.ts';
import type { Time } from '../ports/time.ts';
import type { Resolve } from './address-guard.ts';

export type PagerOptions = {
  readonly secrets: Secrets;
  readonly time: Time;
  /** Other hosts that speak the same APIs: stand-ins of a test. */
  readonly slackBase?: string;
  readonly twilioBase?: string;
  readonly resolve?: Resolve;
  /** Ten seconds unless told. */
  readonly timeoutMs?: number;
};

const SLACK = 'https://hooks.slack.com/';
const TWILIO = 'https://api.twilio.com/';
const TIMEOUT_MS = 10_000;
/** Twilio cuts a longer one into parts, and each is paid for. */
const MAX_SMS = 320;
/** What Slack shows of one text. */
const MAX_SLACK = 3_000;

export function pager(options: PagerOptions): Pager {
  return {
    async page(page) {
      const secret = (await options.secrets.get(page.secret)).trim();
      const request = REQUESTS[page.kind](page, secret, options);
      const { resolve, timeoutMs = TIMEOUT_MS } = options;
      const guarded = page.kind === 'webhook' && !page.inside;
      const send = guarded ? await guardedSend(timeoutMs, resolve) : plainSend(timeoutMs);
      await posted(page.kind, request, send);
    },
  };
}

type Request = { readonly url: string; readonly headers: Readonly<Record<string, string>>; readonly body: string };
type Shape = (page: PageOut, secret: string, options: PagerOptions) => Request;

const REQUESTS: Readonly<Record<PageOut['kind'], Shape>> = { slack, sms, webhook };

/** https://api.slack.com/messaging/webhooks: {"text"}; the three characters of its markup are escaped. */
function slack({ subject, text, secret: name }: PageOut, url: string, { slackBase = SLACK }: PagerOptions): Request {
  if (!url.startsWith(`${slackBase}services/`)) {
    throw new NovaError('misconfigured', `the secret ${name} is no address of a Slack webhook (${SLACK}services/…)`);
  }
  const plain = (words: string): string => words.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
  const body = JSON.stringify({ text: `*${plain(subject)}*\n${plain(text)}`.slice(0, MAX_SLACK) });
  return { url, headers: { 'content-type': 'application/json' }, body };
}

/** https://www.twilio.com/docs/messaging/api/message-resource: a form, and the account with its token as basic auth. */
function sms(
  { to, from, account, subject, text }: PageOut,
  token: string,
  { twilioBase = TWILIO }: PagerOptions,
): Request {
  const [first = ''] = text.split('\n');
  return {
    url: `${twilioBase}2010-04-01/Accounts/${encodeURIComponent(account)}/Messages.json`,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${Buffer.from(`${account}:${token}`).toString('base64')}`,
    },
    body: new URLSearchParams({ To: to, From: from, Body: `${subject}. ${first}`.slice(0, MAX_SMS) }).toString(),
  };
}

/** As our own signed webhook wants it: HMAC-SHA256 over `<timestamp>.<body>`; the id is the same when it is told again. */
function webhook({ id, to, inside, event, secret: name }: PageOut, secret: string, { time }: PagerOptions): Request {
  if (!to.startsWith('https://') && !inside) throw new NovaError('misconfigured', 'a webhook is called by https alone');
  if (secret.length < 32) throw new NovaError('misconfigured', `the secret ${name} has fewer than 32 characters`);
  const body = JSON.stringify(event);
  return {
    url: to,
    headers: {
      'content-type': 'application/json',
      'idempotency-key': headerSafe(id),
      ...signed(body, secret, time.now()),
    },
    body,
  };
}

const headerSafe = (id: string): string => id.replace(/[^\x21-\x7e]/g, '_');

/** The headers of a body. `at` in epoch milliseconds. */
export function signed(body: string, secret: string, at: number): Record<string, string> {
  const timestamp = String(Math.trunc(at / 1000));
  const mac = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
  return { 'x-nova-timestamp': timestamp, 'x-nova-signature': `sha256=${mac}` };
}

/** Sends a request, drops what comes back, and answers its status. A redirect would carry the secret elsewhere. */
type Send = (request: Request) => Promise<number>;

const plainSend =
  (timeoutMs: number): Send =>
  async ({ url, headers, body }) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
    await response.body?.cancel();
    return response.status;
  };

/** Only to addresses of the public internet, judged where the socket is opened. */
async function guardedSend(timeoutMs: number, resolve?: Resolve): Promise<Send> {
  const [{ Agent }, { guardedConnect }] = await Promise.all([import('undici'), import('./guarded-connect.ts')]);
  return async ({ url, headers, body }) => {
    const { origin, pathname, search } = new URL(url);
    const rules = { ownHosts: [], allowHosts: [] };
    const agent = new Agent({
      connect: guardedConnect({ rules, connectMs: timeoutMs, ...(resolve && { resolve }) }),
    });
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      const said = {
        origin,
        path: `${pathname}${search}`,
        method: 'POST',
        headers: { ...headers },
        body,
        signal,
      } as const;
      return (await agent.request(said)).statusCode;
    } finally {
      await agent.destroy();
    }
  };
}

async function posted(kind: PageOut['kind'], request: Request, send: Send): Promise<void> {
  let status: number;
  try {
    status = await send(request);
  } catch (thrown) {
    if (thrown instanceof NovaError && thrown.code === 'denied')
      throw new NovaError(
        'misconfigured',
        `the address of the ${kind} channel is not one of the public internet; add it with --inside if it is your own`,
      );
    // The cause names the address, and Slack's address is its secret.
    throw new NovaError('unavailable', `the ${kind} channel cannot be reached`);
  }
  if (status >= 200 && status < 300) return;
  if (status === 408 || status === 429 || status >= 500)
    throw new NovaError('unavailable', `the ${kind} channel answered ${status}`);
  throw new NovaError(
    'misconfigured',
    `the ${kind} channel refuses what it is told (${status}): its address or its secret is wrong`,
  );
}
