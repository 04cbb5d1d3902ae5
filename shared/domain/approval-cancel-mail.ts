/** The mail after the second yes: what will happen when, and how to stop it. */
import type { Approval } from './approval.ts';
import { codeCell, factRow, type Given, type MailContent, type Reader, timeText } from './approval-mail.ts';
import { MAIL_COLOURS as C, mailPage, paragraph } from './mail-page.ts';
import { escapeHtml } from './safe-text.ts';
import { stopHtml, stopText } from './stop-mail.ts';

/** `passkey:alice` → "alice", `link:a@b.c` → "whoever held the link mailed to a@b.c". */
export function personText(actor: string): string {
  const [kind = '', ...name] = actor.split(':');
  return kind === 'link' ? `whoever held the link mailed to ${name.join(':')}` : name.join(':');
}

/** "alice and bob". */
export const peopleText = (actors: readonly string[]): string => actors.map(personText).join(' and ');

/** Complete by itself in both bodies; the code it carries can only say no. */
export function cancelMail(approval: Approval, { link, rejectCode }: Given, reader: Reader): MailContent {
  const who = approval.consents.map(({ operatorId }) => operatorId).join(' and ');
  const when = timeText(approval.effectiveAt ?? approval.expiresAt, reader.timezone);
  const subject = `Takes effect soon: ${approval.title}`;
  const said = `${who} approved this. It takes effect on ${when}, unless one of you calls it off before.`;
  const nothing = 'If you agree, you need not do anything.';
  const footer = [
    `Sent to ${reader.email}, because this address approves for this NovaOS.`,
    `Without the page: ./nova approval reject ${approval.id}`,
    `Request ${approval.id}, action ${approval.actionHash.slice(0, 16)}`,
  ];
  const text = [
    `${approval.title}`,
    '',
    said,
    nothing,
    '',
    'To call it off, open this page:',
    '',
    link,
    '',
    'and type this code there:',
    '',
    `  to REJECT:   ${rejectCode}`,
    '',
    '--',
    ...footer,
    ...stopText(reader.stop),
    '',
  ].join('\n');
  const body = `<h1 style="margin:0 0 16px;font-size:22px;line-height:1.3;font-weight:650">${escapeHtml(approval.title)}</h1>
${paragraph(said)}${paragraph(nothing)}
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="border-collapse:collapse">${approval.lines.slice(0, 2).map(factRow).join('')}</table>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="margin:28px 0 8px"><tr><td align="center">
<a class="button" clicktracking="off" href="${escapeHtml(link)}" style="display:inline-block;padding:13px 28px;border-radius:8px;background:${C.ink};color:${C.paper};text-decoration:none;font-weight:600">Open the page to call it off</a>
</td></tr></table>
<p class="muted" style="margin:0 0 20px;font-size:13px;text-align:center;color:${C.muted}">and type this code there</p>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr>${codeCell('to reject', rejectCode, C.no)}</tr></table>
<p class="muted line" style="margin:28px 0 0;padding-top:16px;border-top:1px solid ${C.line};font-size:12px;line-height:1.6;color:${C.muted}">${footer.map(escapeHtml).join('<br>')}</p>
${stopHtml(reader.stop)}`;
  return { subject, text, html: mailPage({ title: subject, preview: said, body }) };
}
