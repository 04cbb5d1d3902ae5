/** Puts the request into mails: hashes first, then the mail, then the note that it went out. */
import { type Approval, type Credential, isOpen, MAX_CREDENTIALS } from '../domain/approval.ts';
import { approvalMail, type Given, type MailContent, type Reader } from '../domain/approval-mail.ts';
import { recipientsOf } from '../domain/approval-people.ts';
import { NovaError } from '../domain/error.ts';
import type { Operator } from '../domain/operator.ts';
import type { World } from '../ports/world.ts';
import { newCredential, PEPPER, type Plain } from './approval-credentials.ts';
import { approvalChangeOps, getApproval } from './approval-store.ts';
import { approvalKey } from './keys.ts';
import { listOperators, operatorOf } from './operator-store.ts';
import { newStopLink } from './stop-link.ts';

type Ports = Pick<World, 'table' | 'time' | 'ids' | 'hashing' | 'secrets' | 'mailer' | 'publicUrl' | 'settings'>;

const TRIES = 5;
const ACTOR = 'system:request-approval';

/**
 * Mails one request to everybody it asks, each at least once: a crash between sending and noting it makes a second mail
 * with a link and codes of its own, and both work. `already` when it is known to have gone out to all, `closed` when nothing
 * is left to ask.
 * @throws NovaError unavailable, misconfigured from the mailer; not_found.
 */
export async function sendApproval(world: Ports, approvalId: string): Promise<'sent' | 'already' | 'closed'> {
  const approval = await getApproval(world.table, approvalId);
  if (!approval) throw new NovaError('not_found', `there is no approval ${approvalId}`);
  if (!isOpen(approval, world.time.now())) return 'closed';
  let sent: 'sent' | 'already' | 'closed' = 'already';
  for (const operator of await askedOf(world, approval)) {
    const result = await mailOnce(world, approvalId, {
      operator,
      kind: 'request',
      canApprove: approval.tier === 'T0',
      contentOf: approvalMail,
    });
    if (result === 'closed') return 'closed';
    if (result === 'sent') sent = 'sent';
  }
  return sent;
}

/** Whom the request asks. @throws NovaError misconfigured when nobody may answer it. */
async function askedOf(world: Ports, approval: Approval): Promise<readonly Operator[]> {
  const requester = await operatorOf(world, approval.requestedBy);
  const rpId = new URL(await world.publicUrl()).hostname;
  const people = recipientsOf(await listOperators(world), {
    tier: approval.tier,
    requesterId: requester?.id ?? null,
    rpId,
  });
  if (people.length === 0) throw new NovaError('misconfigured', `nobody may answer approval ${approval.id}`);
  return people;
}

export type Letter = {
  readonly operator: Operator;
  /** What was sent already is known by person and kind. */
  readonly kind: Credential['kind'];
  readonly canApprove: boolean;
  contentOf(approval: Approval, given: Given, reader: Reader): MailContent;
};

/** One mail to one person. */
export async function mailOnce(
  world: Ports,
  approvalId: string,
  letter: Letter,
): Promise<'sent' | 'already' | 'closed'> {
  const pepper = await world.secrets.get(PEPPER);
  const made = await keepCredential(world, approvalId, letter, pepper);
  if (typeof made === 'string') return made;
  const { approval, plain, credential } = made;
  const link = `${(await world.publicUrl()).replace(/\/+$/, '')}/a/${approval.id}#${plain.token}`;
  const given = { link, approveCode: plain.approveCode, rejectCode: plain.rejectCode };
  const to = letter.operator.email;
  const dedupKey = `approval-${letter.kind}:${approval.id}:${letter.operator.id}`;
  const stop = await newStopLink(world, to);
  const content = letter.contentOf(approval, given, { email: to, timezone: world.settings.timezone, stop });
  await world.mailer.send({ to, dedupKey, ...content });
  await noteMailed(world, approvalId, { tokenHash: credential.tokenHash, to, kind: letter.kind });
  return 'sent';
}

type Made = { readonly approval: Approval; readonly plain: Plain; readonly credential: Credential };

/** Hashes are durable before the mail leaves: what arrives always works. */
async function keepCredential(
  world: Ports,
  approvalId: string,
  { operator, kind, canApprove }: Letter,
  pepper: string,
): Promise<Made | 'already' | 'closed'> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const approval = await getApproval(world.table, approvalId);
    if (!approval) throw new NovaError('not_found', `there is no approval ${approvalId}`);
    if (!isOpen(approval, world.time.now())) return 'closed';
    const isMine = (one: Credential): boolean => one.to === operator.id && one.kind === kind;
    const mine = approval.credentials.filter(isMine);
    if (mine.some(({ mailedAt }) => mailedAt !== null)) return 'already';
    const { plain, credential } = newCredential(world, { approvalId, to: operator.id, kind, canApprove }, pepper);
    const kept = [...mine, credential].slice(-MAX_CREDENTIALS);
    const credentials = [...approval.credentials.filter((one) => !isMine(one)), ...kept];
    // Not audited by itself: the record of the mail follows, and a set without a mail is a link that nobody holds.
    const written = await world.table.write({
      op: 'update',
      key: approvalKey(approvalId),
      set: {
        credentials,
        tokenHashes: credentials.map(({ tokenHash }) => tokenHash),
        version: approval.version + 1,
      },
      if: [
        { attr: 'version', op: '=', value: approval.version },
        { attr: 'status', op: '=', value: 'pending' },
      ],
    });
    if (written.ok) return { approval: { ...approval, credentials, version: approval.version + 1 }, plain, credential };
  }
  throw new NovaError('unavailable', `approval ${approvalId} is being changed by others`);
}

async function noteMailed(
  world: Ports,
  approvalId: string,
  mailed: { readonly tokenHash: string; readonly to: string; readonly kind: string },
): Promise<void> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const approval = await getApproval(world.table, approvalId);
    if (!approval) return;
    const mailedAt = world.time.now();
    const credentials = approval.credentials.map((one) =>
      one.tokenHash === mailed.tokenHash ? { ...one, mailedAt } : one,
    );
    const { to, kind } = mailed;
    const details = { to, kind, actionHash: approval.actionHash, decisionId: approval.subject };
    const ops = approvalChangeOps(world, approval, {
      actor: ACTOR,
      action: 'approval.mailed',
      details,
      set: { credentials },
    });
    if ((await world.table.transact(ops)).ok) return;
  }
  throw new NovaError('unavailable', `could not note the mail of approval ${approvalId}`);
}
