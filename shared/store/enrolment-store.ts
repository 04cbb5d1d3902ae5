/** Invitations to make a passkey: a link by mail and a code at the terminal, good once, for an hour. */
import type { Actor } from '../domain/audit.ts';
import { enrolmentChallengeText, newNonce, nonceIsGood } from '../domain/challenge.ts';
import { ENROLMENT_LIFE_MS, type Enrolment, enrolmentMail, MAX_ENROLMENT_ATTEMPTS } from '../domain/enrolment.ts';
import { NovaError } from '../domain/error.ts';
import type { Operator } from '../domain/operator.ts';
import { cleanLine } from '../domain/safe-text.ts';
import type { Passkeys } from '../ports/passkeys.ts';
import type { Item } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import type { EnrolmentOffer } from '../wire/approval.ts';
import type { WorkMessage } from '../wire/messages.ts';
import type { Attestation } from '../wire/passkey.ts';
import { PEPPER, tokenHashOf } from './approval-credentials.ts';
import { siteOf } from './approval-passkey.ts';
import { publishOrLeave } from './commit.ts';
import { enrolmentKey } from './keys.ts';
import { changeOperator, getOperator } from './operator-store.ts';
import { post } from './outbox-store.ts';
import { addPasskey } from './passkey-store.ts';

type Inviting = Pick<World, 'table' | 'time' | 'ids' | 'hashing' | 'secrets' | 'settings' | 'work' | 'log'>;
type Mailing = Pick<World, 'table' | 'time' | 'ids' | 'hashing' | 'settings' | 'mailer' | 'publicUrl'>;
type Making = Pick<World, 'table' | 'time' | 'ids' | 'hashing' | 'secrets' | 'settings' | 'publicUrl' | 'work' | 'log'>;

/** The code is shown once and kept as a hash. @throws NovaError not_found for a person there is not. */
export async function invite(
  world: Inviting,
  { operatorId, label, actor }: { readonly operatorId: string; readonly label: string; readonly actor: Actor },
): Promise<{ readonly id: string; readonly code: string; readonly operator: Operator; readonly expiresAt: number }> {
  const pepper = await world.secrets.get(PEPPER);
  const operator = await changeOperator(world, operatorId, {}, { actor, action: 'operator.passkey_invited' });
  const id = world.ids.ulid();
  const code = world.ids.code(6);
  const expiresAt = world.time.now() + ENROLMENT_LIFE_MS;
  const posted = post(world, { queue: 'work', message: { v: 1, kind: 'enrol-passkey', enrolmentId: id } });
  const item: Item = {
    ...{ ...enrolmentKey(id), v: 1, id, operatorId, label: cleanLine(label, 40), tokenHashes: [] },
    ...{ codeHash: codeHash(world, { id, code, pepper }), attempts: 0, status: 'open', expiresAt, mailedAt: null },
  };
  await world.table.transact([{ op: 'put', item, if: [{ attr: 'pk', op: 'missing' }] }, posted.op]);
  await publishOrLeave(world, [posted]);
  return { id, code, operator, expiresAt };
}

const codeHash = (
  { hashing }: Pick<World, 'hashing'>,
  { id, code, pepper }: { id: string; code: string; pepper: string },
): string => hashing.hmacSha256(pepper, ['enrolment', id, code].join('\n'));

/** Sends the link, at least once; the token is kept as a hash before the mail leaves. */
export async function mailEnrolment(world: Mailing, enrolmentId: string): Promise<void> {
  const enrolment = await getEnrolment(world, enrolmentId);
  const operator = enrolment && (await getOperator(world, enrolment.operatorId));
  if (!enrolment || !operator || !isOpen(enrolment, world.time.now()) || enrolment.mailedAt !== null) return;
  const token = world.ids.token(32);
  const tokenHashes = [...enrolment.tokenHashes, tokenHashOf(world, token)].slice(-3);
  await world.table.write({ op: 'update', key: enrolmentKey(enrolmentId), set: { tokenHashes }, if: OPEN });
  const link = `${(await world.publicUrl()).replace(/\/+$/, '')}/a/${enrolmentId}/passkey#${token}`;
  const { email, name } = operator;
  const content = enrolmentMail(
    { name, link, expiresAt: enrolment.expiresAt },
    { email, timezone: world.settings.timezone },
  );
  await world.mailer.send({ to: email, dedupKey: `passkey:${enrolmentId}`, ...content });
  await world.table.write({
    op: 'update',
    key: enrolmentKey(enrolmentId),
    set: { mailedAt: world.time.now() },
    if: OPEN,
  });
}

const OPEN = [{ attr: 'status', op: '=', value: 'open' }] as const;
const isOpen = ({ status, expiresAt }: Enrolment, now: number): boolean => status === 'open' && expiresAt > now;

export type OfferResult = EnrolmentOffer | { readonly attemptsLeft: number } | null;

/** For who has both halves; the code is counted before it is compared. null: the link opens nothing. */
export async function enrolmentOffer(
  world: Making,
  enrolmentId: string,
  { token, code }: { readonly token: string; readonly code: string },
): Promise<OfferResult> {
  const pepper = await world.secrets.get(PEPPER);
  const tokenHash = tokenHashOf(world, token);
  const now = world.time.now();
  const counted = await world.table.write({
    op: 'update',
    key: enrolmentKey(enrolmentId),
    add: { attempts: 1 },
    if: [
      ...OPEN,
      { attr: 'expiresAt', op: '>', value: now },
      { attr: 'tokenHashes', op: 'contains', value: tokenHash },
      { attr: 'attempts', op: '<', value: MAX_ENROLMENT_ATTEMPTS },
    ],
  });
  if (!counted.ok || !counted.item) return null;
  const enrolment = enrolmentOf(counted.item);
  if (enrolment.codeHash !== codeHash(world, { id: enrolmentId, code, pepper })) {
    const attemptsLeft = MAX_ENROLMENT_ATTEMPTS - enrolment.attempts;
    return attemptsLeft > 0 ? { attemptsLeft } : null;
  }
  const operator = await getOperator(world, enrolment.operatorId);
  if (!operator) return null;
  const hmac = (text: string): string => world.hashing.hmacSha256(pepper, text);
  const nonce = newNonce(subjectOf(enrolmentId, tokenHash), { now, random: world.ids.token(16), hmac });
  const { rpId } = await siteOf(world);
  const known = operator.passkeys.filter((one) => one.rpId === rpId).map(({ id }) => id);
  return { nonce, rpId, userId: operator.id, userName: operator.email, displayName: operator.name, known };
}

const subjectOf = (enrolmentId: string, tokenHash: string): string => `enrol\n${enrolmentId}\n${tokenHash}`;

/** The nonce shows that the code was right. `false`: the key is no good; null: the link opens nothing (any more). */
export async function enrol(
  world: Making & { readonly passkeys: Passkeys },
  enrolmentId: string,
  made: { readonly token: string; readonly nonce: string; readonly attestation: Attestation },
): Promise<Operator | false | null> {
  const pepper = await world.secrets.get(PEPPER);
  const tokenHash = tokenHashOf(world, made.token);
  const now = world.time.now();
  const enrolment = await getEnrolment(world, enrolmentId);
  if (!enrolment?.tokenHashes.includes(tokenHash) || !isOpen(enrolment, now)) return null;
  const hmac = (text: string): string => world.hashing.hmacSha256(pepper, text);
  if (!nonceIsGood(subjectOf(enrolmentId, tokenHash), made.nonce, { now, hmac })) return false;
  const site = await siteOf(world);
  const challengeHex = world.hashing.sha256(enrolmentChallengeText({ enrolmentId, nonce: made.nonce }));
  const key = await world.passkeys.verifyAttestation(made.attestation, { ...site, challengeHex });
  if (!key) return false;
  const passkey = { ...key, label: enrolment.label, rpId: site.rpId, createdAt: now, lastUsedAt: null };
  const done = { op: 'update', key: enrolmentKey(enrolmentId), set: { status: 'done' }, if: OPEN } as const;
  const posted = post(world, { queue: 'work', message: noticeOf(enrolment.operatorId, enrolmentId) });
  const also = [done, posted.op];
  const operator = await addPasskey(world, enrolment.operatorId, { passkey, also }).catch(async (thrown) => {
    // Of two who use one link at once the second finds it used up; who was removed meanwhile finds nothing.
    if ((await getEnrolment(world, enrolmentId))?.status === 'done') return null;
    if (thrown instanceof NovaError && thrown.code === 'not_found') return null;
    throw thrown;
  });
  if (operator) await publishOrLeave(world, [posted]);
  return operator;
}

/** A key that somebody else made is noticed. */
function noticeOf(operatorId: string, enrolmentId: string): Extract<WorkMessage, { readonly kind: 'notify' }> {
  const text = [
    `${operatorId} can approve with a new passkey now.`,
    '',
    'If that is not right, take it away:',
    `./nova operator passkey list ${operatorId}`,
    `./nova operator passkey remove ${operatorId} --key <id>`,
  ].join('\n');
  const subject = `A passkey was made for ${operatorId}`;
  return { v: 1, kind: 'notify', dedupKey: `passkey-made:${enrolmentId}`, subject, text };
}

async function getEnrolment({ table }: Pick<World, 'table'>, id: string): Promise<Enrolment | null> {
  const item = await table.get(enrolmentKey(id));
  return item && enrolmentOf(item);
}

function enrolmentOf(item: Item): Enrolment {
  return {
    ...{ id: String(item.id), operatorId: String(item.operatorId), label: String(item.label) },
    tokenHashes: (item.tokenHashes ?? []) as readonly string[],
    ...{ codeHash: String(item.codeHash), attempts: Number(item.attempts), expiresAt: Number(item.expiresAt) },
    status: item.status === 'open' ? 'open' : 'done',
    mailedAt: item.mailedAt === null ? null : Number(item.mailedAt),
  };
}
