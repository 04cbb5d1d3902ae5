/** The caught mails as two plain pages. A mail's own HTML is shown in a sandbox without scripts or a way out. */
import type { WebResponse } from '../../shared/runtime/job.ts';
import type { CaughtMail } from './mail-catcher.ts';

const STYLE = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{max-width:46rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.3rem}ol{list-style:none;padding:0}li{padding:.6rem 0;border-bottom:1px solid #8884}a{color:inherit;font-weight:600}
small{color:#888}iframe{width:100%;height:85vh;border:1px solid #8884;border-radius:8px;background:#fff}pre{white-space:pre-wrap}`;

const safe = (text: string): string => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

function page(title: string, body: string): WebResponse {
  return {
    status: 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy':
        "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
    body: `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${safe(title)}</title><style>${STYLE}</style><body>${body}`,
  };
}

const time = (at: number): string => new Date(at).toISOString().replace('T', ' ').slice(0, 19);

/** For whoever opens the address of the front: nothing is shown here, only where to look. */
export function welcomePage(): WebResponse {
  const where = 'Mails are at the address that your terminal shows; <code>./nova status</code> shows it again.';
  return page(
    'NovaOS',
    `<h1>NovaOS is running on this machine</h1><p>${where}<p><code>./nova help</code> lists what can be done.`,
  );
}

/** Newest first. */
export function inboxPage(mails: readonly CaughtMail[], path: string): WebResponse {
  const rows = [...mails]
    .reverse()
    .map(
      ({ id, at, to, subject }) =>
        `<li><a href="${path}/${safe(id)}">${safe(subject)}</a><br><small>${time(at)} UTC · to ${safe(to.join(', '))}</small>`,
    );
  const none = '<p>No mail yet. What NovaOS would send is kept here.';
  return page('NovaOS mail', `<h1>Mail on this machine</h1>${rows.length > 0 ? `<ol>${rows.join('')}</ol>` : none}`);
}

export function mailPage({ at, from, to, subject, html, text }: CaughtMail, path: string): WebResponse {
  const head = `<p><a href="${path}">All mail</a><h1>${safe(subject)}</h1><small>${time(at)} UTC · from ${safe(from)} to ${safe(to.join(', '))}</small>`;
  // Links may open a window of their own; nothing else is allowed to the mail.
  const frame = `<iframe title="the mail" sandbox="allow-popups allow-popups-to-escape-sandbox" srcdoc="${safe(html)}"></iframe>`;
  return page(subject, `${head}${frame}<details><summary>As text</summary><pre>${safe(text)}</pre></details>`);
}
