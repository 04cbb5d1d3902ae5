/**
 * Mail on one machine: speaks SendGrid's v3 `POST /v3/mail/send` and keeps every accepted mail as one file. Nothing is
 * merged: a mail that was sent twice is seen twice.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Time } from '../../shared/ports/time.ts';
import { type SendgridErrors, SendgridMail } from '../../shared/wire/sendgrid.ts';

export type CaughtMail = {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly to: readonly string[];
  readonly from: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly dedupKey: string;
  /** Whether the provider would have rewritten its links. */
  readonly clickTracking: boolean;
};

export type MailCatcher = {
  /** Answers every request; never rejects. */
  listener(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Oldest first. */
  list(): Promise<readonly CaughtMail[]>;
  show(id: string): Promise<CaughtMail | null>;
};

const MAX_BODY_BYTES = 5 * 1024 * 1024;
const FILE = /^(\d{14}-[0-9a-f]{12})\.json$/;

/** Mails hold links and codes: the folder and its files are the owner's alone. */
export function mailCatcher({ folder, time }: { readonly folder: string; readonly time: Time }): MailCatcher {
  const show = async (id: string): Promise<CaughtMail | null> => {
    if (!FILE.test(`${id}.json`)) return null;
    const path = join(folder, `${id}.json`);
    const kept = await readFile(path, 'utf8').catch((thrown: NodeJS.ErrnoException) => {
      if (thrown.code === 'ENOENT') return null;
      throw thrown;
    });
    return kept === null ? null : (whole(kept) ?? damaged(id, path));
  };
  const list = async (): Promise<CaughtMail[]> => {
    const names = await readdir(folder).catch(() => [] as string[]);
    const ids = names.flatMap((name) => FILE.exec(name)?.[1] ?? []).sort();
    const mails = await Promise.all(ids.map(show));
    return mails.filter((mail) => mail !== null);
  };
  const listener = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      const answer = await answerTo(request, (mail) => keep(folder, time.now(), mail));
      response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
      response.end(answer.body);
    } catch {
      // The sender tries again: what was not kept was not accepted.
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'application/json' });
      response.end(errors('the mail could not be kept', null));
    }
  };
  return { listener, list, show };
}

function whole(kept: string): CaughtMail | null {
  const mail = parse(Buffer.from(kept)) as CaughtMail | null;
  const isWhole = typeof mail?.id === 'string' && typeof mail.at === 'number' && typeof mail.subject === 'string';
  return isWhole && Array.isArray(mail.to) ? mail : null;
}

/** One file that cannot be read must not hide the other mails, nor itself. */
function damaged(id: string, path: string): CaughtMail {
  const subject = 'This mail is damaged';
  const text = `${path} is not what was written: its disk was full, or somebody changed it.`;
  const at = Number(id.slice(0, 14));
  return { id, at, to: [], from: '', subject, text, html: '', dedupKey: '', clickTracking: false };
}

type Answer = { readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> };

async function answerTo(request: IncomingMessage, accept: (mail: SendgridMail) => Promise<string>): Promise<Answer> {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname;
  if (path !== '/v3/mail/send') return { status: 404, body: errors('not found', null) };
  if (request.method !== 'POST') return { status: 405, body: errors('method not allowed', null) };
  if (!/^Bearer \S+$/.test(request.headers.authorization ?? '')) {
    return { status: 401, body: errors('The provided authorization grant is invalid, expired, or revoked', null) };
  }
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    return { status: 415, body: errors('Content-Type should be application/json.', null) };
  }
  const bytes = await bodyOf(request);
  if (!bytes) return { status: 413, body: errors('The mail is too large.', null) };
  const mail = SendgridMail.safeParse(parse(bytes));
  if (!mail.success) {
    const list = mail.error.issues.map(({ message, path: at }) => ({
      message,
      field: at.join('.') || null,
      help: null,
    }));
    return { status: 400, body: JSON.stringify({ errors: list } satisfies SendgridErrors) };
  }
  return { status: 202, body: '', headers: { 'x-message-id': await accept(mail.data) } };
}

function errors(message: string, field: string | null): string {
  return JSON.stringify({ errors: [{ message, field, help: null }] } satisfies SendgridErrors);
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
}

/** @returns null when it is larger than what is kept; the rest is read and dropped, so that the answer arrives. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = chunk as Buffer;
    size += bytes.byteLength;
    if (size <= MAX_BODY_BYTES) chunks.push(bytes);
  }
  return size <= MAX_BODY_BYTES ? Buffer.concat(chunks) : null;
}

/** Durable when it resolves: written, flushed, named, and the name flushed. */
async function keep(folder: string, at: number, mail: SendgridMail): Promise<string> {
  const id = `${at.toString().padStart(14, '0')}-${randomBytes(6).toString('hex')}`;
  const part = (type: string): string => mail.content.find((one) => one.type === type)?.value ?? '';
  const caught: CaughtMail = {
    id,
    at,
    to: mail.personalizations.flatMap(({ to }) => to.map(({ email }) => email)),
    from: mail.from.email,
    subject: mail.personalizations[0]?.subject ?? mail.subject,
    text: part('text/plain'),
    html: part('text/html'),
    dedupKey: mail.personalizations[0]?.custom_args?.dedupKey ?? '',
    // SendGrid's own default, where the mail does not say.
    clickTracking: mail.tracking_settings?.click_tracking?.enable ?? true,
  };
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = join(folder, `.${id}.part`);
  await flushed(draft, 'wx', (file) => file.writeFile(JSON.stringify(caught, null, 2)));
  await rename(draft, join(folder, `${id}.json`));
  // Windows knows no handle on a folder, and needs none.
  await flushed(folder, 'r', async () => undefined).catch(() => undefined);
  return id;
}

async function flushed(
  path: string,
  flags: string,
  act: (file: Awaited<ReturnType<typeof open>>) => Promise<void>,
): Promise<void> {
  const file = await open(path, flags, 0o600);
  try {
    await act(file);
    await file.sync();
  } finally {
    await file.close();
  }
}
