/**
 * The way without scripts: a form takes the pasted link, the server shows the request, a second form takes the code. The
 * token travels in bodies alone here too. Browsers send `Origin: null` from a page without referrers, so this one, whose
 * address says nothing, names itself to its own server.
 */
import { escapeHtml } from '../domain/safe-text.ts';
import {
  APPROVAL_ID,
  APPROVAL_TOKEN,
  type ApprovalView,
  DecideRequest,
  MAX_REASON,
  PlainRequest,
} from '../wire/approval.ts';
import { PAGE_END, pageHead, REASON_FIELD } from './approval-page.ts';

const page = (body: string): string => `${pageHead('')}${body}\n${PAGE_END}`;

/** `why` is what went wrong before. */
export function pastePage(why = ''): string {
  return page(`<h1>Show a request</h1>
${why ? `<p role="alert">${escapeHtml(why)}</p>` : ''}<form method="post" action="plain">
<label for="link">The whole link from the mail</label>
<textarea id="link" name="link" rows="4" autocomplete="off" autocapitalize="off" spellcheck="false"></textarea>
<div class="buttons"><button class="main">Show the request</button></div>
</form>`);
}

/** What it says after an answer, or instead of one. */
export const saidPage = (title: string, text: string): string =>
  page(`<h1>${escapeHtml(title)}</h1>\n<p>${escapeHtml(text)}</p>`);

/** The request with its form; text of agents is escaped and can be nothing but text. */
export function plainRequestPage(view: ApprovalView, { id, token }: { id: string; token: string }): string {
  const facts = view.lines
    .map(({ label, value }) => `<dt>${escapeHtml(label)}</dt><dd dir="auto">${escapeHtml(value)}</dd>`)
    .join('');
  const words = view.agentText
    ? `<p class="muted">The agent says (its own words, not checked):</p><blockquote dir="auto">${escapeHtml(view.agentText)}</blockquote>`
    : '';
  const codeApproves = view.tier === 'T0' && !view.waits;
  const hint = codeApproves
    ? 'The mail has two: one to approve, one to reject.'
    : 'Without JavaScript there are no passkeys: here you can only say no, with the code to reject.';
  const hidden = (name: string, value: string): string =>
    `<input type="hidden" name="${name}" value="${escapeHtml(value)}">`;
  return page(`<p class="muted">Asked of ${escapeHtml(view.askedOf)}</p>
<h1 dir="auto">${escapeHtml(view.title)}</h1>
${view.standing ? `<p class="note">${escapeHtml(view.standing)}</p>` : ''}
<dl>${facts}</dl>
${words}
<form id="answer" method="post" action="plain">
${hidden('link', `/a/${id}#${token}`)}${hidden('actionHash', view.actionHash)}
<h2><label for="code">Code from the mail</label></h2>
<p class="muted" id="hint">${hint}</p>
<input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="12" aria-describedby="hint">
${view.decisionId ? REASON_FIELD : ''}
<div class="buttons"><button name="decision" value="reject">Reject</button>
${codeApproves ? '<button name="decision" value="approve" class="main">Approve</button>' : ''}</div>
</form>
<h2>If you do nothing</h2><p>${escapeHtml(view.ifIgnored)}</p>`);
}

export type PlainAsked =
  | { readonly kind: 'view'; readonly id: string; readonly body: { readonly token: string } }
  | { readonly kind: 'decide'; readonly id: string; readonly body: DecideRequest }
  | { readonly why: string };

/** The form's fields; a link may be rewritten as on the page with scripts. */
export function readPlain(body: Uint8Array): PlainAsked {
  const fields = Object.fromEntries(new URLSearchParams(new TextDecoder().decode(body)));
  const read = PlainRequest.safeParse(fields);
  if (!read.success) return { why: 'The form could not be read. Nothing was decided.' };
  const text = decoded(read.data.link.trim());
  const id = /\/a\/([0-9A-Z]{26})(?![0-9A-Za-z])/.exec(text)?.[1] ?? '';
  const token = /#([A-Za-z0-9_-]{43})(?![A-Za-z0-9_-])/.exec(text)?.[1] ?? '';
  if (!APPROVAL_ID.test(id) || !APPROVAL_TOKEN.test(token)) {
    return { why: 'That is not the whole link: it ends with # and 43 more characters.' };
  }
  const { decision, actionHash, code, reason } = read.data;
  if (decision === undefined) return { kind: 'view', id, body: { token } };
  const digits = (code ?? '').replace(/[\s-]/g, '');
  const why = decision === 'reject' ? { reason: reason?.replaceAll('\r\n', '\n').slice(0, MAX_REASON) } : {};
  const answer = DecideRequest.safeParse({ token, decision, actionHash, code: digits, ...why });
  if (!answer.success) return { why: 'Type the six digits that the mail gives for this answer. Nothing was decided.' };
  return { kind: 'decide', id, body: answer.data };
}

function decoded(link: string): string {
  let text = link;
  for (let round = 0; round < 3; round++) {
    try {
      text = decodeURIComponent(text);
    } catch {
      return text;
    }
  }
  return text;
}
