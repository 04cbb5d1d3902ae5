/** Whether SendGrid lets this sender send: a single verified sender, or a domain that was authenticated. */
import { messageOf } from '../domain/error.ts';
import { SendgridDomains, SendgridSenders } from '../wire/sendgrid.ts';

export type SenderState = 'verified' | 'unverified' | 'unknown';
export type SenderLook = { readonly state: SenderState; readonly why: string };

const TIMEOUT_MS = 10_000;

/** Never throws: whatever cannot be found out is unknown, with the reason. */
export async function senderState(asked: {
  readonly apiKey: string;
  readonly sender: string;
  /** Another host that speaks the same API. */
  readonly baseUrl?: string;
}): Promise<SenderLook> {
  const { apiKey, sender, baseUrl = 'https://api.sendgrid.com' } = asked;
  const get = async (path: string): Promise<unknown> => {
    const headers = { authorization: `Bearer ${apiKey}` };
    const response = await fetch(new URL(path, baseUrl), { headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new Error(`SendGrid answered ${response.status} to ${path}`);
    return await response.json();
  };
  try {
    const { results } = SendgridSenders.parse(await get('/v3/verified_senders'));
    const wanted = sender.toLowerCase();
    if (results.some((one) => one.verified && one.from_email.toLowerCase() === wanted))
      return { state: 'verified', why: 'a verified single sender' };
    const domain = wanted.split('@')[1] ?? '';
    const domains = SendgridDomains.parse(await get('/v3/whitelabel/domains'));
    if (domains.some((one) => one.valid && one.domain.toLowerCase() === domain))
      return { state: 'verified', why: `the domain ${domain} is authenticated` };
    return { state: 'unverified', why: `neither ${wanted} nor its domain is verified: mails would be refused` };
  } catch (thrown) {
    return { state: 'unknown', why: messageOf(thrown) };
  }
}
