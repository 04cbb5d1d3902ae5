/**
 * The scripts of the approval pages, as text: their exact bytes are in the pages' policy. Text reaches the page through
 * textContent only, so nothing that an agent wrote can become markup.
 */

const SHARED = `'use strict';
const byId = (id) => document.getElementById(id);
const say = (id, text) => { byId(id).textContent = text; };
`;

/** Finding the secret part of a link, sending it to our own origin, and speaking to authenticators. */
const LINKED = String.raw`
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
let id = '', token = '', busy = false;

const post = async (what, body) => {
  const response = await fetch(base + id + '/' + what, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
    credentials: 'omit', cache: 'no-store', referrerPolicy: 'no-referrer',
  });
  const json = (response.headers.get('content-type') || '').startsWith('application/json');
  return { response, answer: json ? await response.json() : {} };
};
const codeIn = (field) => byId(field).value.replace(/[\s-]/g, '');
const isCode = (text) => /^[0-9]{6}$/.test(text);
const setBusy = (now, buttons) => {
  busy = now;
  for (const name of buttons) {
    if (now) byId(name).setAttribute('aria-disabled', 'true'); else byId(name).removeAttribute('aria-disabled');
  }
};

const encode = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
  .replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
const decode = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
const sha256 = (text) => crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
const hasPasskeys = () => Boolean(self.PublicKeyCredential && self.isSecureContext);
const whyNoPasskey = (error) => error && error.name === 'NotAllowedError'
  ? 'No passkey was used: it was cancelled, took too long, or this device has none for this place.'
  : error && error.name === 'SecurityError'
    ? 'This address cannot use passkeys. Open the link exactly as the mail has it.'
    : 'The passkey could not be used. Nothing was decided; try again.';
`;

export const REQUEST_SCRIPT = String.raw`${SHARED}${LINKED}
let view = {};

const show = (wanted) => {
  for (const part of ['wait', 'paste', 'request', 'outcome']) byId(part).hidden = part !== wanted;
};
const askForLink = (why) => { show('paste'); say('paste-why', why); byId('link').focus(); };
const end = (title, text) => {
  show('outcome'); say('outcome-title', title); say('outcome-text', text); byId('outcome-title').focus();
};
const BUTTONS = ['approve', 'reject'];
const TITLES = { approved: 'Approved', rejected: 'Rejected', expired: 'This request has ended' };

const render = () => {
  if (view.status !== 'pending') {
    say('outcome-of', view.title);
    return end(TITLES[view.status] || 'This request has ended', view.outcome);
  }
  const strong = view.tier !== 'T0';
  say('asked', 'Asked of ' + view.askedOf);
  say('title', view.title + (view.waits ? '' : '?'));
  say('standing', view.standing);
  byId('standing').hidden = !view.standing;
  byId('facts').replaceChildren(...view.lines.flatMap((line) => {
    const name = document.createElement('dt'), value = document.createElement('dd');
    name.textContent = line.label; value.textContent = line.value; value.dir = 'auto';
    return [name, value];
  }));
  byId('agent').hidden = !view.agentText;
  say('words', view.agentText);
  say('silence-title', view.waits ? 'If nobody calls it off' : 'If you do nothing');
  say('ignored', view.ifIgnored);
  say('answer-title', view.waits ? 'Call it off' : strong ? 'Your answer' : 'Code from the mail');
  say('hint', view.waits
    ? 'Type the code to reject that your mail gives. Opening this page has decided nothing.'
    : strong
      ? 'To approve, confirm with your passkey. To reject, use it too, or type the code to reject from the mail.'
      : 'The mail has two: one to approve, one to reject. Opening this page has decided nothing.');
  byId('why').hidden = !view.decisionId;
  byId('code').hidden = view.locked; byId('code-label').hidden = view.locked || !strong || view.waits;
  byId('approve').hidden = view.waits;
  byId('approve').textContent = strong ? 'Approve with passkey' : 'Approve';
  byId('reject').textContent = view.waits ? 'Call it off' : 'Reject';
  byId('no-passkeys').hidden = view.waits || !strong || hasPasskeys();
  show('request');
  byId('title').focus();
};

const load = async () => {
  show('wait');
  try {
    const { response, answer } = await post('view', { token });
    if (response.ok) { view = answer; return render(); }
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

// What is signed is computed here, from what is shown here: the server knows it too, and takes nothing else.
const signed = async (decision) => {
  const { response, answer: offer } = await post('challenge', { token });
  if (!response.ok) return { refused: response, said: offer };
  const lines = ['nova-approval-v1', decision, view.actionHash, view.decisionId, id, offer.nonce];
  const key = await navigator.credentials.get({ publicKey: {
    challenge: await sha256(lines.join('\n')), rpId: offer.rpId, userVerification: 'required', timeout: 120000,
  } });
  const { clientDataJSON, authenticatorData, signature, userHandle } = key.response;
  return { nonce: offer.nonce, assertion: {
    id: key.id, clientDataJSON: encode(clientDataJSON), authenticatorData: encode(authenticatorData),
    signature: encode(signature), userHandle: userHandle && userHandle.byteLength ? encode(userHandle) : null,
  } };
};

// The code where a code is enough (always, to say no), else a passkey. null: the person must do something first.
const proofOf = async (decision) => {
  const code = view.locked ? '' : codeIn('code');
  const byCode = view.tier === 'T0' || view.waits || (decision === 'reject' && code !== '');
  if (!byCode) return signed(decision);
  if (isCode(code)) return { code };
  say('message', 'Type the six digits that the mail gives for this answer.');
  byId('code').focus();
  return null;
};

const whyNot = (decision) => {
  const reason = byId('reason').value.trim();
  return decision === 'reject' && reason ? { reason } : {};
};

const decide = async (decision) => {
  if (busy) return;
  setBusy(true, BUTTONS);
  say('message', '');
  try {
    const proof = await proofOf(decision).catch((error) => ({ error }));
    if (!proof) return;
    if (proof.error) return say('message', proof.error instanceof TypeError
      ? 'NovaOS cannot be reached just now. Nothing was decided; try again.' : whyNoPasskey(proof.error));
    const { response, answer } = proof.refused
      ? { response: proof.refused, answer: proof.said }
      : await post('decide', { token, decision, actionHash: view.actionHash, ...whyNot(decision), ...proof });
    if (response.redirected) return told();
    if (response.status === 409) return end('This was not recorded', answer.message || '');
    if (response.status === 404) {
      return end('This link is closed', 'The request has ended, or too many wrong codes were typed. Nothing was decided here.');
    }
    say('message', answer.message || 'That did not work. Nothing was decided; try again.');
    byId('code').select();
  } catch { say('message', 'NovaOS cannot be reached just now. Try again: an answer counts only once.'); }
  finally { setBusy(false, BUTTONS); }
};

// What the server has on record, not what was pressed.
const told = async () => {
  const { response, answer } = await post('view', { token });
  token = '';
  history.replaceState(null, '', base + id + '/done');
  if (!response.ok) return end('Your answer is recorded', '');
  say('outcome-of', answer.title);
  if (answer.status !== 'pending') {
    return end(TITLES[answer.status] || 'Your answer is recorded', answer.outcome + (answer.status === 'approved'
      ? ' NovaOS checks once more that nothing has changed, and then does it.' : ' Nothing will be done.'));
  }
  return end(answer.waits ? 'Approved by two' : 'Your yes is noted', answer.standing);
};

byId('approve').addEventListener('click', () => decide('approve'));
byId('reject').addEventListener('click', () => decide('reject'));
byId('answer').addEventListener('submit', (event) => {
  event.preventDefault();
  say('message', view.waits ? 'Press the button to call it off.' : 'Choose Approve or Reject; each has its own code.');
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

export const PASSKEY_SCRIPT = String.raw`${SHARED}${LINKED}
const end = (title, text) => {
  byId('make').hidden = true; byId('outcome').hidden = false;
  say('outcome-title', title); say('outcome-text', text); byId('outcome-title').focus();
};
const CLOSED = 'The link is used up, too old, or was tried with too many wrong codes. Ask for a new invitation.';

const made = async (offer) => {
  const key = await navigator.credentials.create({ publicKey: {
    challenge: await sha256(['nova-passkey-v1', id, offer.nonce].join('\n')),
    rp: { id: offer.rpId, name: 'NovaOS' },
    user: { id: new TextEncoder().encode(offer.userId), name: offer.userName, displayName: offer.displayName },
    pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: 'public-key', alg })),
    authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
    excludeCredentials: offer.known.map((known) => ({ type: 'public-key', id: decode(known) })),
    attestation: 'none', timeout: 120000,
  } });
  const { clientDataJSON, attestationObject } = key.response;
  const transports = key.response.getTransports ? key.response.getTransports() : [];
  return { id: key.id, clientDataJSON: encode(clientDataJSON), attestationObject: encode(attestationObject), transports };
};

const make = async () => {
  const code = codeIn('code');
  if (busy) return;
  if (!isCode(code)) { say('message', 'Type the six digits from the terminal.'); return byId('code').focus(); }
  setBusy(true, ['create']);
  say('message', '');
  try {
    const { response, answer: offer } = await post('enrol-offer', { token, code });
    if (response.status === 404) return end('This link opens nothing', CLOSED);
    if (!response.ok) { say('message', offer.message || 'That did not work; try again.'); return byId('code').select(); }
    const attestation = await made(offer).catch((error) => ({ error }));
    if (attestation.error) return say('message', attestation.error.name === 'InvalidStateError'
      ? 'This device holds a passkey for you already.' : whyNoPasskey(attestation.error));
    const { response: done, answer } = await post('enrol', { token, nonce: offer.nonce, attestation });
    if (done.ok) { token = ''; return end('Your passkey is ready', answer.message); }
    end('No passkey was made', done.status === 404 ? CLOSED : answer.message || '');
  } catch { say('message', 'NovaOS cannot be reached just now; try again.'); }
  finally { setBusy(false, ['create']); }
};

const from = decoded(location.pathname) + decoded(location.hash);
id = idIn(from); token = tokenIn(from);
history.replaceState(null, '', id ? base + id + '/passkey' : location.pathname);
if (!id || !token) end('This link is not whole', 'The secret part is missing. Open the link exactly as the mail has it.');
else if (!hasPasskeys()) end('No passkeys here', 'This browser cannot make passkeys, or not at this address. Open the link in another one.');
else { byId('make').hidden = false; byId('code').focus(); }
byId('create').addEventListener('click', make);
byId('make').addEventListener('submit', (event) => { event.preventDefault(); make(); });
`;
