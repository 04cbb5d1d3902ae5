/** The approval page over HTTP: which request is what, all checks before anything is read, and every answer. */
import type { AnswerResult, RefusalReason } from '../domain/approval.ts';
import {
  APPROVAL_ID,
  type ApprovalRefusal,
  type ApprovalView,
  DecideRequest,
  type EnrolmentOffer,
  EnrolOfferRequest,
  EnrolRequest,
  type PasskeyOffer,
  ViewRequest,
} from '../wire/approval.ts';
import { DONE_PAGE, PAGE_POLICY, PASSKEY_PAGE, REQUEST_PAGE } from './approval-page.ts';
import type { WebRequest, WebResponse } from './job.ts';

/** A well-formed request, or the answer to one that is not (or that needs nothing read). */
export type Asked =
  | { readonly kind: 'view'; readonly id: string; readonly body: ViewRequest }
  | { readonly kind: 'challenge'; readonly id: string; readonly body: ViewRequest }
  | { readonly kind: 'decide'; readonly id: string; readonly body: DecideRequest }
  | { readonly kind: 'enrol-offer'; readonly id: string; readonly body: EnrolOfferRequest }
  | { readonly kind: 'enrol'; readonly id: string; readonly body: EnrolRequest }
  | { readonly kind: 'answered'; readonly response: WebResponse };

/** What each takes: an assertion fits into the smaller size, a new key with its certificate into the larger. */
const POSTS = {
  view: { shape: ViewRequest, maxBytes: 4096 },
  challenge: { shape: ViewRequest, maxBytes: 4096 },
  decide: { shape: DecideRequest, maxBytes: 12_288 },
  'enrol-offer': { shape: EnrolOfferRequest, maxBytes: 4096 },
  enrol: { shape: EnrolRequest, maxBytes: 16_384 },
} as const;
const PAGES: Readonly<Record<string, string>> = { '': REQUEST_PAGE, done: DONE_PAGE, passkey: PASSKEY_PAGE };
const PATH = /^\/a\/([^/]{1,400})(?:\/|\/(done|passkey|view|challenge|decide|enrol-offer|enrol))?$/;
/** Well-formed, and never given to anything: what has another form is looked up under it, at the same cost. */
const NO_ID = '0'.repeat(26);

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

/** In this order: path, method, content type, size, origin, shape. `publicUrl` is asked for only when it is compared. */
export async function readApprovalRequest(request: WebRequest, publicUrl: () => Promise<string>): Promise<Asked> {
  const [, rawId = '', verb = ''] = PATH.exec(request.path) ?? [];
  if (!rawId) return answered(refusalResponse(404, 'not_found', 'There is nothing here.'));
  const page = PAGES[verb];
  if (page !== undefined) return answered(pageResponse(request.method, page));
  const kind = verb as keyof typeof POSTS;
  const refused = await refusePost(request, POSTS[kind].maxBytes, publicUrl);
  if (refused) return answered(refused);
  const id = APPROVAL_ID.test(rawId) ? rawId : NO_ID;
  const read = POSTS[kind].shape.safeParse(parseJson(request.body));
  if (read.success) return { kind, id, body: read.data } as Asked;
  return answered(refusalResponse(400, 'bad_input', 'The request is malformed.'));
}

async function refusePost(
  request: WebRequest,
  maxBytes: number,
  publicUrl: () => Promise<string>,
): Promise<WebResponse | null> {
  if (request.method !== 'POST') {
    return refusalResponse(405, 'bad_method', 'This address takes POST only.', { allow: 'POST' });
  }
  if (!/^application\/json(?:;\s*charset=utf-8)?$/i.test(request.headers['content-type'] ?? '')) {
    return refusalResponse(415, 'unsupported', 'This address takes application/json only.');
  }
  if (request.body.byteLength > maxBytes) return refusalResponse(413, 'too_large', 'The request is too large.');
  if (!(await isSameOrigin(request, publicUrl))) {
    return refusalResponse(403, 'denied', 'Requests from other sites are refused.');
  }
  return null;
}

/** Browsers send both on every POST. What sends neither is no browser, and carries nobody's authority but its body. */
async function isSameOrigin({ headers }: WebRequest, publicUrl: () => Promise<string>): Promise<boolean> {
  const { origin, 'sec-fetch-site': site } = headers;
  if (site !== undefined && site !== 'same-origin') return false;
  return origin === undefined || origin === new URL(await publicUrl()).origin;
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}

function pageResponse(method: string, page: string): WebResponse {
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

function refusalResponse(
  status: number,
  error: string,
  message: string,
  more: Record<string, string> = {},
): WebResponse {
  return jsonResponse(status, { error, message }, more);
}

const answered = (response: WebResponse): Asked => ({ kind: 'answered', response });

/** One answer for an unknown id, a wrong token, an expired and a locked request: nobody learns which it was. */
const closed = (): WebResponse => refusalResponse(404, 'not_available', 'This link opens nothing.');

export function viewResponse(view: ApprovalView | null): WebResponse {
  return view ? jsonResponse(200, view) : closed();
}

const triesText = (left: number): string => (left === 1 ? 'one try is left' : `${left} tries are left`);

/** See other, when it is recorded: reloading the next page repeats nothing. */
export function decideResponse(result: AnswerResult): WebResponse {
  switch (result.kind) {
    case 'recorded':
    case 'noted':
    case 'waits':
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
