/** Puts the request into a mail: hashes first, then the mail, then the note that it went out. */
import { type Approval, type Credential, isOpen, MAX_CREDENTIALS } from '../domain/approval.ts';
import { approvalMail } from '../domain/approval-mail.ts';
import { NovaError } from '../domain/error.ts';
import type { World } from '../ports/world.ts';
import { newCredential, PEPPER, type Plain } from './approval-credentials.ts';
import { approvalChangeOps, getApproval } from './approval-store.ts';
import { approvalKey } from './keys.ts';

type Ports = Pick<World, 'table' | 'time' | 'ids' | 'hashing' | 'secrets' | 'mailer' | 'publicUrl' | 'settings'>;

const TRIES = 5;
const ACTOR = 'system:request-approval';

/**
 * Mails one request, at least once: a crash between sending and noting it makes a second mail with a link and codes
 * of its own, and both work. `already` when it is known to have gone out, `closed` when nothing is left to ask.
 * @throws NovaError unavailable, misconfigured from the mailer; not_found.
 */
export async function sendApproval(world: Ports, approvalId: string): Promise<'sent' | 'already' | 'closed'> {
  const pepper = await world.secrets.get(PEPPER);
  const made = await keepCredential(world, approvalId, pepper);
  if (typeof made === 'string') return made;
  const { approval, plain, credential } = made;
  const link = `${(await world.publicUrl()).replace(/\/+$/, '')}/a/${approval.id}#${plain.token}`;
  const given = { link, approveCode: plain.approveCode, rejectCode: plain.rejectCode };
  const dedupKey = `approval:${approval.id}`;
  await world.mailer.send({
    to: world.settings.ownerEmail,
    dedupKey,
    ...approvalMail(approval, given, world.settings),
  });
  await noteMailed(world, approvalId, credential.tokenHash);
  return 'sent';
}

type Made = { readonly approval: Approval; readonly plain: Plain; readonly credential: Credential };

/** Hashes are durable before the mail leaves: what arrives always works. */
async function keepCredential(world: Ports, approvalId: string, pepper: string): Promise<Made | 'already' | 'closed'> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const approval = await getApproval(world.table, approvalId);
    if (!approval) throw new NovaError('not_found', `there is no approval ${approvalId}`);
    if (!isOpen(approval, world.time.now())) return 'closed';
    if (approval.credentials.some(({ mailedAt }) => mailedAt !== null)) return 'already';
    const { plain, credential } = newCredential(world, approvalId, pepper);
    const credentials = [...approval.credentials, credential].slice(-MAX_CREDENTIALS);
    // Not audited by itself: the record of the mail follows, and a set without a mail is a link that nobody holds.
    const kept = await world.table.write({
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
    if (kept.ok) return { approval: { ...approval, credentials, version: approval.version + 1 }, plain, credential };
  }
  throw new NovaError('unavailable', `approval ${approvalId} is being changed by others`);
}

async function noteMailed(world: Ports, approvalId: string, tokenHash: string): Promise<void> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const approval = await getApproval(world.table, approvalId);
    if (!approval) return;
    const mailedAt = world.time.now();
    const credentials = approval.credentials.map((one) => (one.tokenHash === tokenHash ? { ...one, mailedAt } : one));
    const details = { to: world.settings.ownerEmail, actionHash: approval.actionHash, decisionId: approval.subject };
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
