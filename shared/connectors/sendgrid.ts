/** Mail through SendGrid. The library and its HTTP client are loaded with the first mail. */
import type { MailDataRequired } from '@sendgrid/helpers/classes/mail.js';
import { NovaError } from '../domain/error.ts';
import type { Mail, Mailer } from '../ports/outside.ts';

export type SendgridOptions = {
  /** Asked for with every mail, so that a rotated key is taken up. */
  readonly apiKey: () => Promise<string>;
  readonly sender: string;
  /** Another host that speaks the same API; default https://api.sendgrid.com/. */
  readonly baseUrl?: string;
  /** Default 10 s. */
  readonly timeoutMs?: number;
};

const DEFAULT_BASE = 'https://api.sendgrid.com/';
// RFC 5321: 254 is the longest address that can be delivered to.
const ADDRESS = /^[^\s@<>,;:"()[\]\\]{1,64}@[^\s@<>,;:"()[\]\\]{1,189}$/;

/**
 * The Mailer port. `send` resolves when SendGrid has accepted the mail.
 * @throws NovaError bad_input (address, subject, refused body), unavailable (network, 429, 5xx), misconfigured (401, 403).
 */
export function sendgridMailer(options: SendgridOptions): Mailer {
  return {
    async send(mail) {
      const body = mailBody(mail, options.sender);
      try {
        await deliver(body, options);
      } catch (thrown) {
        throw refusalOf(thrown);
      }
    },
  };
}

/** What is sent, in the words of the library. Custom arguments go with the recipient: at the top they are a string. */
export function mailBody(mail: Mail, sender: string): MailDataRequired {
  for (const address of [mail.to, sender]) {
    if (!ADDRESS.test(address)) throw new NovaError('bad_input', 'a mail needs one plain address each way');
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (!mail.subject || mail.subject.length > 400 || /[\u0000-\u001f\u007f\u2028\u2029]/.test(mail.subject)) {
    throw new NovaError('bad_input', 'a subject is one line of 1 to 400 characters');
  }
  return {
    personalizations: [{ to: [{ email: mail.to }], customArgs: { dedupKey: mail.dedupKey } }],
    from: { email: sender, name: 'NovaOS' },
    subject: mail.subject,
    content: [
      { type: 'text/plain', value: mail.text },
      { type: 'text/html', value: mail.html },
    ],
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
    // A tracked link would carry the token to a third party and break it on the way; footers would add links.
    trackingSettings: {
      clickTracking: { enable: false, enableText: false },
      openTracking: { enable: false },
      subscriptionTracking: { enable: false },
      ganalytics: { enable: false },
    },
  };
}

/** The library is one shared object: it is set up and used without a pause in between, so that no call meets another's. */
async function deliver(body: MailDataRequired, options: SendgridOptions): Promise<void> {
  const { apiKey, baseUrl = DEFAULT_BASE, timeoutMs = 10_000 } = options;
  const [{ default: service }, { default: client }, key] = await Promise.all([
    import('@sendgrid/mail'),
    import('@sendgrid/client'),
    apiKey(),
  ]);
  service.setClient(client);
  service.setApiKey(key);
  service.setTimeout(timeoutMs);
  // A proxy of the environment cannot reach our own machine for us; a redirect would carry the key elsewhere.
  const transport = { maxRedirects: 0, proxy: isLoopback(baseUrl) ? false : undefined };
  client.setDefaultRequest({ url: '', baseUrl, ...transport });
  await service.send(body);
}

function isLoopback(url: string): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(new URL(url).hostname);
}

/** The thrown error is not kept as a cause: it holds the key and the whole mail, and causes reach logs. */
function refusalOf(thrown: unknown): NovaError {
  if (thrown instanceof NovaError) return thrown;
  const { code, response } = thrown as { code?: unknown; response?: { body?: unknown } };
  if (typeof code !== 'number') {
    return new NovaError('unavailable', `the mail service cannot be reached (${String(code ?? 'unknown')})`);
  }
  if (code === 429 || code >= 500) return new NovaError('unavailable', `the mail service answered ${code}`);
  const said = wordsOf(response?.body);
  if (code === 401 || code === 403) {
    return new NovaError('misconfigured', `the mail service refuses the key or the sender (${code})${said}`);
  }
  if (code === 413) return new NovaError('too_large', 'the mail service finds the mail too large');
  return new NovaError('bad_input', `the mail service refuses the mail (${code})${said}`);
}

/** Its own explanation, without anything that could be a code or a token. */
function wordsOf(body: unknown): string {
  const errors = (body as { errors?: unknown })?.errors;
  if (!Array.isArray(errors)) return '';
  const words = errors.slice(0, 3).map((error: { message?: unknown; field?: unknown }) => {
    const field = typeof error?.field === 'string' ? `${error.field}: ` : '';
    return `${field}${typeof error?.message === 'string' ? error.message : 'no reason given'}`;
  });
  return `: ${words
    .join('; ')
    .replace(/[\w-]{20,}|\d{6,}/g, '…')
    .slice(0, 300)}`;
}
