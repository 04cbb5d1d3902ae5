/** The frame every mail to the owner shares: one column, no images, nothing loaded, readable in the dark. */
import { cleanLine, escapeHtml } from './safe-text.ts';

/** Light values, inline where mail programs drop style sheets; the dark ones replace them by class. */
export const MAIL_COLOURS = {
  ink: '#1a1f29',
  muted: '#5d6675',
  paper: '#ffffff',
  ground: '#f2f4f7',
  line: '#d9dee6',
  yes: '#1f7a4d',
  no: '#b3392f',
} as const;

const DARK = `@media (prefers-color-scheme: dark) {
.ground { background: #14171d !important } .card { background: #1d222b !important; color: #e8ebf0 !important }
.muted { color: #a3acba !important } .line { border-color: #3a424f !important }
.box { border-left-color: #3a424f !important; border-right-color: #3a424f !important; border-bottom-color: #3a424f !important }
.button { background: #e8ebf0 !important; color: #14171d !important }
}
@media (max-width: 480px) { .pad { padding: 24px 18px !important } }`;

const FONT = "-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";

/** `body` is HTML that was escaped where it had to be; `title` and `preview` are text. */
export function mailPage({ title, preview, body }: { title: string; preview: string; body: string }): string {
  const C = MAIL_COLOURS;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no, date=no, address=no">
<title>${escapeHtml(title)}</title><style>:root { color-scheme: light dark }
${DARK}</style></head>
<body class="ground" style="margin:0;padding:0;background:${C.ground}">
<div style="display:none;max-height:0;overflow:hidden">${escapeHtml(cleanLine(preview, 200))}</div>
<table class="ground" role="presentation" width="100%" cellpadding="0" cellspacing="0" style="background:${C.ground}"><tr><td align="center" style="padding:24px 12px">
<table class="card" role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:560px;background:${C.paper};color:${C.ink};border-radius:12px"><tr><td class="card pad" style="padding:32px;border-radius:12px;font-family:${FONT};font-size:15px;line-height:1.5;text-align:left">
${body}
</td></tr></table></td></tr></table></body></html>
`;
}

/** Text as a paragraph; its line ends stay. */
export function paragraph(text: string): string {
  return `<p style="margin:0 0 12px;white-space:pre-line;overflow-wrap:anywhere">${escapeHtml(text)}</p>`;
}

/** A plain message of the system to the owner; `after` is ours, and stands at its end. The text is ours, but may quote: it is cleaned all the same. */
export function noticeMail(
  notice: { readonly subject: string; readonly text: string },
  ownerEmail: string,
  after: { readonly text: readonly string[]; readonly html: string } = { text: [], html: '' },
): { subject: string; text: string; html: string } {
  const subject = cleanLine(notice.subject, 200);
  const footer = `Sent to ${ownerEmail} by your NovaOS.`;
  const text = notice.text
    .slice(0, 8000)
    .split(/\r\n?|\n/)
    .map((line) => cleanLine(line, 1000))
    .join('\n');
  const title = `<h1 style="margin:0 0 16px;font-size:20px;line-height:1.3;font-weight:650">${escapeHtml(subject)}</h1>`;
  const small = `<p class="muted" style="margin:24px 0 0;font-size:12px;color:${MAIL_COLOURS.muted}">${escapeHtml(footer)}</p>`;
  const body = `${title}\n${paragraph(text)}\n${small}${after.html}`;
  const plain = [text, '', '--', footer, ...after.text, ''].join('\n');
  return { subject, text: plain, html: mailPage({ title: subject, preview: text, body }) };
}
