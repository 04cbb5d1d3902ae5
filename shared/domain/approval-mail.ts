/** The mail that asks. It holds the only plain copy of the link and the codes. */
import type { Approval, ApprovalLine } from './approval.ts';
import { MAIL_COLOURS as C, mailPage, paragraph } from './mail-page.ts';
import { escapeHtml, unlinked } from './safe-text.ts';
import { type StopGiven, stopHtml, stopText } from './stop-mail.ts';

export type MailContent = { readonly subject: string; readonly text: string; readonly html: string };

/** `link` carries the token behind its `#`. */
export type Given = {
  readonly link: string;
  /** Empty where a code is not enough to say yes. */
  readonly approveCode: string;
  readonly rejectCode: string;
};
export type Reader = {
  readonly email: string;
  readonly timezone: string;
  readonly stop?: StopGiven;
  /** What the subject begins with. */
  readonly lead?: string;
};

/** "Fri, 21 Nov 2025, 11:16 (Europe/Zurich)". */
export function timeText(at: number, timezone: string): string {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  return `${format.format(new Date(at))} (${timezone})`;
}

/** What silence means. */
export function ignoredText(approval: Pick<Approval, 'expiresAt'>, timezone: string): string {
  return `Nothing changes. The request ends on ${timeText(approval.expiresAt, timezone)} and then counts as rejected.`;
}

/** Subject, text and HTML of the request; each of the two bodies is complete by itself. */
export function approvalMail(approval: Approval, given: Given, reader: Reader): MailContent {
  const subject = `${reader.lead ?? 'Your approval is needed'}: ${approval.title}`;
  return {
    subject,
    text: textOf(approval, given, reader),
    html: mailPage({ title: subject, preview: previewOf(approval), body: htmlOf(approval, given, reader) }),
  };
}

function previewOf(approval: Approval): string {
  return approval.lines
    .filter(({ label }) => label === 'Daily cost' || label === 'Why')
    .map(({ value }) => value)
    .join('. ');
}

function textOf(approval: Approval, given: Given, reader: Reader): string {
  const width = Math.max(...approval.lines.map(({ label }) => label.length), 0);
  const facts = approval.lines.map(({ label, value }) => `  ${`${label}:`.padEnd(width + 2)}${value}`);
  const quoted = approval.agentText
    ? ['', 'The agent says (its own words, not checked):', ...quote(approval.agentText)]
    : [];
  return [
    `${approval.title}?`,
    '',
    'NovaOS will not do this without you.',
    ...tierText(approval),
    '',
    ...facts,
    ...quoted,
    '',
    '1. Open this page:',
    '',
    given.link,
    '',
    ...howTo(given),
    '',
    'If you do nothing:',
    ignoredText(approval, reader.timezone),
    '',
    '--',
    ...footer(approval, reader),
    ...stopText(reader.stop),
    '',
  ].join('\n');
}

function howTo({ approveCode, rejectCode }: Given): string[] {
  if (approveCode) {
    return ['2. Type one of these codes there:', '', `  to APPROVE:  ${approveCode}`, `  to REJECT:   ${rejectCode}`];
  }
  return ['2. There, confirm with your passkey to APPROVE, or type this code', '', `  to REJECT:   ${rejectCode}`];
}

/** Why a code is not enough, for those who read the mail only. */
const tierText = ({ tier }: Approval): string[] =>
  tier === 'T0'
    ? []
    : tier === 'T1'
      ? ['So much is at stake that only a passkey (or a terminal where you are known) approves it.']
      : [
          'So much is at stake that two people must approve it, each with a passkey, and it can be called off for a while.',
        ];

const quote = (text: string): string[] =>
  unlinked(text)
    .split('\n')
    .map((line) => `  > ${line}`);

/** No more than what `grant.ts` and the budgets hold. */
const YES_TEXT =
  'A yes counts for exactly this, once, for a day. It sets no money aside: what runs spend stays under the daily limits.';

function footer(approval: Approval, reader: Reader): string[] {
  return [
    `Sent to ${reader.email}, because this is the address that approves for this NovaOS.`,
    approval.tier === 'T0'
      ? 'Whoever has this mail can answer for you: do not forward it.'
      : 'Whoever has this mail can reject in your name: do not forward it.',
    'Opening the link decides nothing; only your answer does, once.',
    YES_TEXT,
    `Without the page: ./nova approval approve ${approval.id}  (or reject)`,
    `Request ${approval.id}, action ${approval.actionHash.slice(0, 16)}`,
  ];
}

function htmlOf(approval: Approval, given: Given, reader: Reader): string {
  const quoted = approval.agentText
    ? `<p class="muted" style="margin:24px 0 6px;font-size:13px;color:${C.muted}">The agent says (its own words, not checked):</p>
<blockquote class="line" style="margin:0;padding:4px 0 4px 14px;border-left:3px solid ${C.line};white-space:pre-wrap;overflow-wrap:anywhere">${escapeHtml(unlinked(approval.agentText))}</blockquote>`
    : '';
  return `<p class="muted" style="margin:0 0 6px;font-size:13px;color:${C.muted}">NovaOS will not do this without you</p>
<h1 style="margin:0 0 20px;font-size:22px;line-height:1.3;font-weight:650">${escapeHtml(approval.title)}?</h1>
${tierText(approval).map(paragraph).join('')}<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="border-collapse:collapse">${approval.lines.map(factRow).join('')}</table>
${quoted}
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="margin:28px 0 8px"><tr><td align="center">
<a class="button" clicktracking="off" href="${escapeHtml(given.link)}" style="display:inline-block;padding:13px 28px;border-radius:8px;background:${C.ink};color:${C.paper};text-decoration:none;font-weight:600">Open the page to answer</a>
</td></tr></table>
<p class="muted" style="margin:0 0 20px;font-size:13px;text-align:center;color:${C.muted}">${given.approveCode ? 'and type one of these codes there' : 'and confirm with your passkey to approve, or type this code'}</p>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr>
${given.approveCode ? `${codeCell('to approve', given.approveCode, C.yes)}<td width="4%">&nbsp;</td>` : ''}${codeCell('to reject', given.rejectCode, C.no)}
</tr></table>
<h2 style="margin:28px 0 4px;font-size:15px;font-weight:650">If you do nothing</h2>
${paragraph(ignoredText(approval, reader.timezone))}
<p class="muted line" style="margin:28px 0 0;padding-top:16px;border-top:1px solid ${C.line};font-size:12px;line-height:1.6;color:${C.muted}">${footer(approval, reader).map(escapeHtml).join('<br>')}</p>
${stopHtml(reader.stop)}`;
}

export function factRow({ label, value }: ApprovalLine): string {
  const cell = 'padding:7px 0;vertical-align:top;font-size:15px;line-height:1.45';
  return `<tr><td class="muted" width="130" style="${cell};color:${C.muted};padding-right:12px">${escapeHtml(label)}</td><td style="${cell};overflow-wrap:anywhere">${escapeHtml(value)}</td></tr>`;
}

export function codeCell(label: string, code: string, colour: string): string {
  return `<td class="box" align="center" width="48%" style="padding:14px 8px;border:1px solid ${C.line};border-top:3px solid ${colour};border-radius:8px">
<span class="muted" style="font-size:13px;color:${C.muted}">${label}</span><br>
<strong style="font-family:ui-monospace,Menlo,Consolas,monospace;font-size:26px;line-height:1.5;letter-spacing:3px">${escapeHtml(code)}</strong></td>`;
}
