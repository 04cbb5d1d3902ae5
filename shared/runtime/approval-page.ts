/**
 * The page that a mailed link opens: the same bytes for every id, nothing loaded, nothing stored. The token stays in
 * the fragment, leaves the address bar at once, and travels in POST bodies alone. Paths follow from where the page is,
 * because the API may stand behind a stage prefix.
 */
import { createHash } from 'node:crypto';
import { MAX_REASON } from '../wire/approval.ts';
import { PASSKEY_SCRIPT, REQUEST_SCRIPT } from './approval-page-script.ts';
import { PAGE_STYLE } from './approval-page-style.ts';

/** A page up to its content; `instead` is what is there where no script runs. */
export const pageHead = (instead: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<meta name="color-scheme" content="light dark">
<meta name="format-detection" content="telephone=no">
<title>Approval · NovaOS</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<main>
<p class="brand">NovaOS</p>
${instead ? `<noscript>\n<h1>This page needs JavaScript</h1>\n${instead}\n</noscript>\n` : ''}`;

/** Works in a form without scripts, too. */
export const REASON_FIELD = `<label for="reason" class="small">Why not? <span class="muted">Optional; the agent is told.</span></label>
<textarea id="reason" name="reason" class="words" rows="2" maxlength="${MAX_REASON}" autocomplete="off" dir="auto"></textarea>`;

export const PAGE_END = '</main>\n</body>\n</html>\n';

const foot = (script: string): string => `</main>
<script>${script}</script>
</body>
</html>
`;

export const REQUEST_PAGE = `${pageHead(`<p>Nothing was decided. There is a <a href="plain">way without it</a>; or answer in a terminal:
<code>./nova approval list</code>, then <code>./nova approval approve</code> or <code>reject</code>.</p>`)}<section id="wait" hidden>
<h1>One moment</h1>
<p class="muted">Reading the request …</p>
</section>

<form id="paste" hidden novalidate>
<h1 id="paste-title" tabindex="-1">Show a request</h1>
<p id="paste-why" role="alert"></p>
<label for="link">The whole link from the mail</label>
<textarea id="link" rows="4" autocomplete="off" autocapitalize="off" spellcheck="false"></textarea>
<div class="buttons"><button type="button" id="show" class="main">Show the request</button></div>
</form>

<section id="request" hidden>
<p class="muted" id="asked"></p>
<h1 id="title" tabindex="-1" dir="auto"></h1>
<p id="standing" class="note" role="status" hidden></p>
<dl id="facts"></dl>
<div id="agent" hidden>
<p class="muted" id="agent-label">The agent says (its own words, not checked):</p>
<blockquote id="words" dir="auto" aria-labelledby="agent-label"></blockquote>
</div>
<form id="answer" novalidate>
<h2><label for="code" id="answer-title">Code from the mail</label></h2>
<p class="muted" id="hint"></p>
<p class="muted" id="no-passkeys" hidden>This browser has no passkeys here: answer in another one, or in a terminal.</p>
<p class="muted small" id="code-label" hidden>Code to reject</p>
<input id="code" inputmode="numeric" autocomplete="one-time-code" maxlength="12" placeholder="······" aria-describedby="hint">
<div id="why">${REASON_FIELD}</div>
<p id="message" role="alert"></p>
<div class="buttons">
<button type="button" id="reject">Reject</button>
<button type="button" id="approve" class="main">Approve</button>
</div>
</form>
<div id="silence"><h2 id="silence-title">If you do nothing</h2><p id="ignored"></p></div>
</section>

<section id="outcome" hidden>
<p class="muted" id="outcome-of" dir="auto"></p>
<h1 id="outcome-title" tabindex="-1"></h1>
<p id="outcome-text"></p>
</section>
${foot(REQUEST_SCRIPT)}`;

export const PASSKEY_PAGE = `${pageHead('<p>Browsers make passkeys with it alone. Open the link in another one.</p>')}<form id="make" hidden novalidate>
<h1>Make a passkey</h1>
<p>With it you approve what is too big for a code. It stays on this device, or in the place where your device keeps
passkeys; NovaOS learns its public half alone.</p>
<h2><label for="code">Code from the terminal</label></h2>
<p class="muted" id="hint">Whoever invited you saw six digits.</p>
<input id="code" inputmode="numeric" autocomplete="off" maxlength="12" placeholder="······" aria-describedby="hint">
<p id="message" role="alert"></p>
<div class="buttons"><button type="button" id="create" class="main">Make the passkey</button></div>
</form>

<section id="outcome" hidden>
<h1 id="outcome-title" tabindex="-1"></h1>
<p id="outcome-text"></p>
</section>
${foot(PASSKEY_SCRIPT)}`;

export const DONE_PAGE = `${pageHead('')}<h1>Nothing to do here</h1>
<p>Answers that were given are recorded: <code>./nova approval list --status all</code> shows them, and so does the link
of the mail.</p>
<p class="muted">You can close this page.</p>
${PAGE_END}`;

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}'`;

/** Only our own two scripts and one style may act, and they may talk to our own origin alone. */
export const PAGE_POLICY = [
  "default-src 'none'",
  `script-src ${[REQUEST_SCRIPT, PASSKEY_SCRIPT].map(hashOf).join(' ')}`,
  `style-src ${hashOf(PAGE_STYLE)}`,
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');
