/** The approval page over HTTP: which request is what, all checks before anything is read, and every answer. */
import type { AnswerResult } from '../domain/approval.ts';
import { APPROVAL_ID, type ApprovalRefusal, type ApprovalView, DecideRequest, ViewRequest } from '../wire/approval.ts';
import { DONE_PAGE, PAGE_POLICY, REQUEST_PAGE } from './approval-page.ts';
import type { WebRequest, WebResponse } from './job.ts';

/** A well-formed request, or the answer to one that is not (or that needs nothing read). */
export type Asked =
  | { readonly kind: 'view'; readonly id: string; readonly body: ViewRequest }
  | { readonly kind: 'decide'; readonly id: string; readonly body: DecideRequest }
  | { readonly kind: 'answered'; readonly response: WebResponse };

const MAX_BODY_BYTES = 4096;
const PATH = /^\/a\/([^/]{1,400})(?:\/|\/(view|decide|done))?$/;
/** Well-formed, and never given to anything: what has another form is looked up under it, at the same cost. */
const NO_ID = '0'.repeat(26);

const HEADERS = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'content-security-policy': PAGE_POLICY,
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'publickey-credentials-get=(self)',
  'x-robots-tag': 'noindex, nofollow',
  'strict-transport-security': 'max-age=63072000',
} as const;

/** In this order: path, method, content type, size, origin, shape. `publicUrl` is asked for only when it is compared. */
export async function readApprovalRequest(request: WebRequest, publicUrl: () => Promise<string>): Promise<Asked> {
  const [, rawId = '', verb = ''] = PATH.exec(request.path) ?? [];
  if (!rawId) return answered(refusalResponse(404, 'not_found', 'There is nothing here.'));
  if (verb === '' || verb === 'done')
    return answered(pageResponse(request.method, verb === '' ? REQUEST_PAGE : DONE_PAGE));
  const refused = await refusePost(request, publicUrl);
  if (refused) return answered(refused);
  const id = APPROVAL_ID.test(rawId) ? rawId : NO_ID;
  const json = parseJson(request.body);
  const view = verb === 'view' ? ViewRequest.safeParse(json) : null;
  if (view?.success) return { kind: 'view', id, body: view.data };
  const decide = verb === 'decide' ? DecideRequest.safeParse(json) : null;
  if (decide?.success) return { kind: 'decide', id, body: decide.data };
  // Not what was wrong with it: values of a body are never repeated.
  return answered(refusalResponse(400, 'bad_input', 'The request has another form than the page sends.'));
}

async function refusePost(request: WebRequest, publicUrl: () => Promise<string>): Promise<WebResponse | null> {
  if (request.method !== 'POST') {
    return refusalResponse(405, 'bad_method', 'This address takes POST only.', { allow: 'POST' });
  }
  if (!/^application\/json(?:;\s*charset=utf-8)?$/i.test(request.headers['content-type'] ?? '')) {
    return refusalResponse(415, 'unsupported', 'This address takes application/json only.');
  }
  if (request.body.byteLength > MAX_BODY_BYTES) return refusalResponse(413, 'too_large', 'The request is too large.');
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
  body: ApprovalView | ApprovalRefusal,
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

/** See other, when it is recorded: reloading the next page repeats nothing. */
export function decideResponse(result: AnswerResult): WebResponse {
  switch (result.kind) {
    case 'recorded':
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
      const left = attemptsLeft === 1 ? 'one try is left' : `${attemptsLeft} tries are left`;
      const message = `This is not the code for that answer; ${left}.`;
      return jsonResponse(403, { error: 'wrong_code', message, attemptsLeft });
    }
    case 'refused':
      return closed();
  }
}
