/**
 * The scripts of the approval pages, as text: their exact bytes are in the pages' policy. Text reaches the page through
 * textContent only, so nothing that an agent wrote can become markup.
 */

const SHARED = `'use strict';
const byId = (id) => document.getElementById(id);
const say = (id, text) => { byId(id).textContent = text; };
`;

export const REQUEST_SCRIPT = String.raw`${SHARED}
// Mail programs rewrite links; some encode them twice, and then the # is part of the path.
const decoded = (text) => {
  for (let round = 0; round < 3; round++) {
    try { const next = decodeURIComponent(text); if (next === text) break; text = next; } catch { break; }
  }
  return text;
};
const idIn = (text) => (/\/a\/([0-9A-HJKMNP-TV-Z]{26})(?![0-9A-Za-z])/.exec(text) || [])[1] || '';
const tokenIn = (text) => (/(?:^|#)([A-Za-z0-9_-]{43})(?![A-Za-z0-9_-])/.exec(text) || [])[1] || '';
const base = (/^(.*?\/a\/)/.exec(location.pathname) || ['', '/a/'])[1];
let id = '', token = '', actionHash = '', busy = false;

const show = (wanted) => {
  for (const part of ['wait', 'paste', 'request', 'outcome']) byId(part).hidden = part !== wanted;
};
const askForLink = (why) => { show('paste'); say('paste-why', why); byId('link').focus(); };
const end = (title, text) => {
  show('outcome'); say('outcome-title', title); say('outcome-text', text); byId('outcome-title').focus();
};
const post = async (what, body) => {
  const response = await fetch(base + id + '/' + what, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
    credentials: 'omit', cache: 'no-store', referrerPolicy: 'no-referrer',
  });
  const json = (response.headers.get('content-type') || '').startsWith('application/json');
  return { response, answer: json ? await response.json() : {} };
};

const render = (view) => {
  actionHash = view.actionHash;
  if (view.status !== 'pending') return end(view.title, view.outcome);
  say('asked', 'Asked of ' + view.askedOf);
  say('title', view.title + '?');
  byId('facts').replaceChildren(...view.lines.flatMap((line) => {
    const name = document.createElement('dt'), value = document.createElement('dd');
    name.textContent = line.label; value.textContent = line.value;
    return [name, value];
  }));
  byId('agent').hidden = !view.agentText;
  say('words', view.agentText);
  say('ignored', view.ifIgnored);
  show('request');
  byId('title').focus();
};

const load = async () => {
  show('wait');
  try {
    const { response, answer } = await post('view', { token });
    if (response.ok) return render(answer);
    askForLink(response.status === 404
      ? 'This link opens nothing. It may have been cut, or the request has ended or was locked.'
      : 'This link could not be read.');
  } catch { askForLink('NovaOS cannot be reached just now. Nothing was decided; try again.'); }
};

const start = () => {
  const from = decoded(location.pathname) + decoded(location.hash);
  id = idIn(from); token = tokenIn(from);
  history.replaceState(null, '', id ? base + id : location.pathname);
  if (id && token) return load();
  askForLink('The secret part of the link is missing here.');
};

const decide = async (decision) => {
  const code = byId('code').value.replace(/[\s-]/g, '');
  if (busy) return;
  if (!/^[0-9]{6}$/.test(code)) {
    say('message', 'Type the six digits that the mail gives for this answer.');
    return byId('code').focus();
  }
  busy = true;
  for (const name of ['approve', 'reject']) byId(name).setAttribute('aria-disabled', 'true');
  say('message', '');
  try {
    const { response, answer } = await post('decide', { token, decision, actionHash, code });
    if (response.redirected) {
      token = '';
      return location.replace(base + id + '/done#' + (decision === 'approve' ? 'approved' : 'rejected'));
    }
    if (response.status === 409) return end('This was not recorded', answer.message || '');
    if (response.status === 404) {
      return end('This link is closed', 'The request has ended, or too many wrong codes were typed. Nothing was decided here.');
    }
    say('message', answer.message || 'That did not work. Nothing was decided; try again.');
    byId('code').select();
  } catch { say('message', 'NovaOS cannot be reached just now. Try again: an answer counts only once.'); }
  finally {
    busy = false;
    for (const name of ['approve', 'reject']) byId(name).removeAttribute('aria-disabled');
  }
};

byId('approve').addEventListener('click', () => decide('approve'));
byId('reject').addEventListener('click', () => decide('reject'));
byId('answer').addEventListener('submit', (event) => {
  event.preventDefault();
  say('message', 'Choose Approve or Reject; each has its own code.');
});
const showPasted = (event) => {
  event.preventDefault();
  const text = decoded(byId('link').value.trim());
  id = idIn(text) || id || idIn(decoded(location.pathname)); token = tokenIn(text);
  byId('link').value = '';
  if (!id || !token) return askForLink('That is not the whole link: it ends with # and 43 more characters.');
  history.replaceState(null, '', base + id);
  load();
};
byId('show').addEventListener('click', showPasted);
byId('paste').addEventListener('submit', showPasted);
addEventListener('hashchange', start);
start();
`;

export const DONE_SCRIPT = `${SHARED}
const TEXTS = {
  '#approved': ['Approved', 'Your answer is recorded. NovaOS checks once more that nothing has changed, and then does it.'],
  '#rejected': ['Rejected', 'Your answer is recorded. Nothing will be done.'],
};
const [title, text] = TEXTS[location.hash] || ['Nothing to do here', 'Answers that were given are recorded: ./nova approval list shows them.'];
say('done-title', title);
say('done-text', text);
byId('done').hidden = false;
`;
