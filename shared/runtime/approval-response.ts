/** Every answer of the approval pages. */
import type { AnswerResult, RefusalReason, Stopped } from '../domain/approval.ts';
import type { ApprovalRefusal, ApprovalView, EnrolmentOffer, PasskeyOffer } from '../wire/approval.ts';
import { PAGE_POLICY } from './approval-page.ts';
import { pastePage, plainRequestPage, saidPage } from './approval-plain.ts';
import type { WebResponse } from './job.ts';

const HEADERS = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'content-security-policy': PAGE_POLICY,
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'publickey-credentials-get=(self), publickey-credentials-create=(self)',
  'x-robots-tag': 'noindex, nofollow',
  'strict-transport-security': 'max-age=63072000',
} as const;

export function pageResponse(method: string, page: string): WebResponse {
  const allow = 'GET, HEAD, OPTIONS';
  if (method === 'OPTIONS') return { status: 204, headers: { ...HEADERS, allow }, body: '' };
  if (method !== 'GET' && method !== 'HEAD') {
    return refusalResponse(405, 'bad_method', 'This address is a page.', { allow });
  }
  const headers = { ...HEADERS, 'content-type': 'text/html; charset=utf-8' };
  return { status: 200, headers, body: method === 'HEAD' ? '' : page };
}

function jsonResponse(
  status: number,
  body: ApprovalView | ApprovalRefusal | PasskeyOffer | EnrolmentOffer | { readonly message: string },
  more: Record<string, string> = {},
): WebResponse {
  const headers = { ...HEADERS, 'content-type': 'application/json; charset=utf-8', ...more };
  return { status, headers, body: JSON.stringify(body) };
}

export function refusalResponse(
  status: number,
  error: string,
  message: string,
  more: Record<string, string> = {},
): WebResponse {
  return jsonResponse(status, { error, message }, more);
}

/** One answer for an unknown id, a wrong token, an expired and a locked request: nobody learns which it was. */
const closed = (): WebResponse => refusalResponse(404, 'not_available', 'This link opens nothing.');

type Shown = { readonly id: string; readonly body: { readonly token: string }; readonly plain: boolean };

export function viewResponse(view: ApprovalView | null, { id, body, plain }: Shown): WebResponse {
  if (!plain) return view ? jsonResponse(200, view) : closed();
  if (!view) return plainResponse(404, pastePage('This link opens nothing.'));
  const over = view.status === 'pending' ? null : saidPage(view.title, view.outcome);
  return plainResponse(200, over ?? plainRequestPage(view, { id, token: body.token }));
}

/** For people without scripts: the same answer in words. */
export function decideResponse(result: AnswerResult | Stopped, plain: boolean): WebResponse {
  const answer = jsonDecision(result);
  if (!plain) return answer;
  if (answer.status !== 303) {
    return plainResponse(
      answer.status,
      saidPage('This was not recorded', (JSON.parse(answer.body) as ApprovalRefusal).message),
    );
  }
  if (result.kind === 'stopped')
    return plainResponse(200, saidPage('The kill switch is on', 'You can close this page.'));
  const title = result.kind === 'recorded' ? `Recorded: ${result.approval.status}` : 'Your yes is noted';
  return plainResponse(200, saidPage(title, 'You can close this page.'));
}

/** Without scripts; the one page that names itself as the origin of its own form. */
export function plainResponse(status: number, page: string, method = 'GET'): WebResponse {
  const shown = pageResponse(method, page);
  if (shown.status !== 200) return shown;
  return { ...shown, status, headers: { ...shown.headers, 'referrer-policy': 'same-origin' } };
}

const triesText = (left: number): string => (left === 1 ? 'one try is left' : `${left} tries are left`);

/** See other, when it is recorded: reloading the next page repeats nothing. */
function jsonDecision(result: AnswerResult | Stopped): WebResponse {
  switch (result.kind) {
    case 'recorded':
    case 'noted':
    case 'waits':
    case 'stopped':
      return { status: 303, headers: { ...HEADERS, location: './done' }, body: '' };
    case 'conflict':
      return jsonResponse(409, {
        error: 'conflict',
        message: `This was ${result.approval.status} before; that stands.`,
        status: result.approval.status,
      });
    case 'changed':
      return refusalResponse(
        409,
        'changed',
        'What would be done has changed since it was asked. It needs a new request.',
      );
    case 'wrong_code': {
      const { attemptsLeft } = result;
      const message = `This is not the code for that answer; ${triesText(attemptsLeft)}.`;
      return jsonResponse(403, { error: 'wrong_code', message, attemptsLeft });
    }
    case 'refused':
      return refusedResponse(result.why);
  }
}

/** What only those hear whose token fits (the rest looks the same to all). */
function refusedResponse(why: RefusalReason): WebResponse {
  switch (why) {
    case 'needs_passkey':
      return refusalResponse(
        403,
        why,
        'So much is at stake that a code is not enough: reload the page and use a passkey.',
      );
    case 'bad_passkey':
      return refusalResponse(403, why, 'This passkey was not accepted here. Nothing was decided.');
    case 'not_an_approver':
      return refusalResponse(403, why, 'This person may not answer requests. Nothing was decided.');
    case 'requester':
      return refusalResponse(403, why, 'Who asked for it cannot approve it. Another person must.');
    case 'policy':
      return refusalResponse(403, why, 'The policy does not let this person approve it. Nothing was decided.');
    default:
      return closed();
  }
}

export function offerResponse(offer: PasskeyOffer | null): WebResponse {
  return offer ? jsonResponse(200, offer) : closed();
}

export function enrolOfferResponse(offer: EnrolmentOffer | { readonly attemptsLeft: number } | null): WebResponse {
  if (!offer) return closed();
  if (!('attemptsLeft' in offer)) return jsonResponse(200, offer);
  const { attemptsLeft } = offer;
  return jsonResponse(403, {
    error: 'wrong_code',
    message: `This is not the code; ${triesText(attemptsLeft)}.`,
    attemptsLeft,
  });
}

/** `false`: the key is no good; null: the link opens nothing (any more). */
export function enrolResponse(made: { readonly name: string } | false | null): WebResponse {
  if (made === null) return closed();
  if (!made) return refusalResponse(403, 'bad_passkey', 'This passkey was not accepted. Ask for a new invitation.');
  return jsonResponse(200, { message: `The passkey of ${made.name} works from now on.` });
}
