/** An invitation to make a passkey: the link goes to the person by mail, the code to whoever invited, at the terminal. */
import type { MailContent } from './approval-mail.ts';
import { timeText } from './approval-mail.ts';
import { MAIL_COLOURS as C, mailPage, paragraph } from './mail-page.ts';
import { escapeHtml } from './safe-text.ts';

export type Enrolment = {
  readonly id: string;
  readonly operatorId: string;
  readonly label: string;
  readonly tokenHashes: readonly string[];
  readonly codeHash: string;
  readonly attempts: number;
  readonly status: 'open' | 'done';
  readonly expiresAt: number;
  readonly mailedAt: number | null;
};

export const ENROLMENT_LIFE_MS = 3_600_000;
export const MAX_ENROLMENT_ATTEMPTS = 5;

/** The link alone makes nothing: whoever reads the mail lacks the code. */
export function enrolmentMail(
  { name, link, expiresAt }: { readonly name: string; readonly link: string; readonly expiresAt: number },
  { email, timezone }: { readonly email: string; readonly timezone: string },
): MailContent {
  const subject = 'Make a passkey for NovaOS';
  const said = `${name}, with a passkey you can approve what is too big for a code. You need the six digits that whoever invited you saw in the terminal.`;
  const ends = `The link works once, until ${timeText(expiresAt, timezone)}. If you expected no invitation, do nothing and tell whoever runs this NovaOS.`;
  const footer = `Sent to ${email} by your NovaOS.`;
  const text = [
    said,
    '',
    'Open this page on the device that should hold the passkey:',
    '',
    link,
    '',
    ends,
    '',
    '--',
    footer,
    '',
  ].join('\n');
  const body = `<h1 style="margin:0 0 16px;font-size:22px;line-height:1.3;font-weight:650">${subject}</h1>
${paragraph(said)}
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="margin:20px 0"><tr><td align="center">
<a class="button" clicktracking="off" href="${escapeHtml(link)}" style="display:inline-block;padding:13px 28px;border-radius:8px;background:${C.ink};color:${C.paper};text-decoration:none;font-weight:600">Open the page</a>
</td></tr></table>
${paragraph(ends)}
<p class="muted" style="margin:24px 0 0;font-size:12px;color:${C.muted}">${escapeHtml(footer)}</p>`;
  return { subject, text, html: mailPage({ title: subject, preview: said, body }) };
}
