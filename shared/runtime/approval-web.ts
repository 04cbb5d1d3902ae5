/** The approval page over HTTP: which request is what, and all checks before anything is read. */
import { APPROVAL_ID, DecideRequest, EnrolOfferRequest, EnrolRequest, ViewRequest } from '../wire/approval.ts';
import { DONE_PAGE, PASSKEY_PAGE, REQUEST_PAGE } from './approval-page.ts';
import { pastePage, readPlain } from './approval-plain.ts';
import { pageResponse, plainResponse, refusalResponse } from './approval-response.ts';
import type { WebRequest, WebResponse } from './job.ts';

/** A well-formed request, or the answer to one that is not (or that needs nothing read). */
export type Asked =
  | { readonly kind: 'view'; readonly id: string; readonly body: ViewRequest; readonly plain: boolean }
  | { readonly kind: 'challenge'; readonly id: string; readonly body: ViewRequest }
  | { readonly kind: 'decide'; readonly id: string; readonly body: DecideRequest; readonly plain: boolean }
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
const PLAIN_PATH = '/a/plain';
const JSON_TYPE = /^application\/json(?:;\s*charset=utf-8)?$/i;
const FORM_TYPE = /^application\/x-www-form-urlencoded(?:;\s*charset=utf-8)?$/i;
/** Well-formed, and never given to anything: what has another form is looked up under it, at the same cost. */
const NO_ID = '0'.repeat(26);

/** In this order: path, method, content type, size, origin, shape. `publicUrl` is asked for only when it is compared. */
export async function readApprovalRequest(request: WebRequest, publicUrl: () => Promise<string>): Promise<Asked> {
  if (request.path === PLAIN_PATH) return readForm(request, publicUrl);
  const [, rawId = '', verb = ''] = PATH.exec(request.path) ?? [];
  if (!rawId) return answered(refusalResponse(404, 'not_found', 'There is nothing here.'));
  const page = PAGES[verb];
  if (page !== undefined) return answered(pageResponse(request.method, page));
  const kind = verb as keyof typeof POSTS;
  const limits = { type: JSON_TYPE, typeName: 'application/json', maxBytes: POSTS[kind].maxBytes };
  const refused = await refusePost(request, limits, publicUrl);
  if (refused) return answered(refused);
  const id = APPROVAL_ID.test(rawId) ? rawId : NO_ID;
  const read = POSTS[kind].shape.safeParse(parseJson(request.body));
  if (read.success) return { kind, id, body: read.data, plain: false } as Asked;
  return answered(refusalResponse(400, 'bad_input', 'The request is malformed.'));
}

/** The form without scripts: its address is the same for every request, and so is its page. */
async function readForm(request: WebRequest, publicUrl: () => Promise<string>): Promise<Asked> {
  if (request.method !== 'POST') return answered(plainResponse(200, pastePage(), request.method));
  const limits = { type: FORM_TYPE, typeName: 'a form', maxBytes: 4096 };
  const refused = await refusePost(request, limits, publicUrl);
  if (refused) return answered(refused);
  const read = readPlain(request.body);
  return 'why' in read ? answered(plainResponse(400, pastePage(read.why))) : { ...read, plain: true };
}

type Limits = { readonly type: RegExp; readonly typeName: string; readonly maxBytes: number };

async function refusePost(
  request: WebRequest,
  { type, typeName, maxBytes }: Limits,
  publicUrl: () => Promise<string>,
): Promise<WebResponse | null> {
  if (request.method !== 'POST') {
    return refusalResponse(405, 'bad_method', 'This address takes POST only.', { allow: 'POST' });
  }
  if (!type.test(request.headers['content-type'] ?? '')) {
    return refusalResponse(415, 'unsupported', `This address takes ${typeName} only.`);
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

const answered = (response: WebResponse): Asked => ({ kind: 'answered', response });
