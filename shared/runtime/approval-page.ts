/**
 * The page that a mailed link opens: the same bytes for every id, nothing loaded, nothing stored. The token stays in
 * the fragment, leaves the address bar at once, and travels in POST bodies alone. Paths follow from where the page is,
 * because the API may stand behind a stage prefix.
 */
import { createHash } from 'node:crypto';
import { DONE_SCRIPT, REQUEST_SCRIPT } from './approval-page-script.ts';
import { PAGE_STYLE } from './approval-page-style.ts';

const head = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<meta name="format-detection" content="telephone=no">
<title>Approval · NovaOS</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<main>
<p class="brand">NovaOS</p>
<noscript>
<h1>This page needs JavaScript</h1>
<p>Nothing was decided. Without it, answer in a terminal: <code>./nova approval list</code>, then
<code>./nova approval approve</code> or <code>reject</code> with the number of the request from the mail.</p>
</noscript>
`;

const foot = (script: string): string => `</main>
<script>${script}</script>
</body>
</html>
`;

export const REQUEST_PAGE = `${head}<section id="wait" hidden>
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
<h1 id="title" tabindex="-1"></h1>
<dl id="facts"></dl>
<div id="agent" hidden>
<p class="muted" id="agent-label">The agent says (its own words, not checked):</p>
<blockquote id="words" aria-labelledby="agent-label"></blockquote>
</div>
<form id="answer" novalidate>
<h2><label for="code">Code from the mail</label></h2>
<p class="muted" id="hint">The mail has two: one to approve, one to reject. Opening this page has decided nothing.</p>
<input id="code" inputmode="numeric" autocomplete="one-time-code" maxlength="12" placeholder="······" aria-describedby="hint">
<p id="message" role="alert"></p>
<div class="buttons">
<button type="button" id="reject">Reject</button>
<button type="button" id="approve" class="main">Approve</button>
</div>
</form>
<div id="silence"><h2>If you do nothing</h2><p id="ignored"></p></div>
</section>

<section id="outcome" hidden>
<h1 id="outcome-title" tabindex="-1"></h1>
<p id="outcome-text"></p>
</section>
${foot(REQUEST_SCRIPT)}`;

export const DONE_PAGE = `${head}<section id="done" hidden>
<h1 id="done-title"></h1>
<p id="done-text"></p>
<p class="muted">You can close this page.</p>
</section>
${foot(DONE_SCRIPT)}`;

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}'`;

/** Only our own two scripts and one style may act, and they may talk to our own origin alone. */
export const PAGE_POLICY = [
  "default-src 'none'",
  `script-src ${hashOf(REQUEST_SCRIPT)} ${hashOf(DONE_SCRIPT)}`,
  `style-src ${hashOf(PAGE_STYLE)}`,
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');
