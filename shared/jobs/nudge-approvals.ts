/**
 * Requests that wait: the sweep sees which are due for a reminder, for the next operator or for their first mail; the
 * work queue mails them. When many wait, one digest a day stands for the reminders.
 */
import { type Approval, isOpen } from '../domain/approval.ts';
import { approvalMail } from '../domain/approval-mail.ts';
import { DIGEST_FROM, isDue, NUDGE_AGAIN_MS, type Nudge, nudgeOf } from '../domain/approval-nudge.ts';
import { recipientsOf } from '../domain/approval-people.ts';
import type { Operator } from '../domain/operator.ts';
import type { World } from '../ports/world.ts';
import { mailOnce, sendApproval } from '../store/approval-send.ts';
import { getApproval, openApprovals } from '../store/approval-store.ts';
import { momentNow } from '../store/calendar-store.ts';
import { approvalDigestKey, approvalKey } from '../store/keys.ts';
import { listOperators, operatorOf } from '../store/operator-store.ts';

type Watching = Pick<World, 'table' | 'time' | 'settings' | 'work'>;
type Mailing = Pick<
  World,
  'table' | 'time' | 'ids' | 'hashing' | 'secrets' | 'mailer' | 'publicUrl' | 'settings' | 'log'
>;

/** Answers how many were put forward again. */
export async function nudgeDue(world: Watching): Promise<number> {
  const now = world.time.now();
  const open = (await openApprovals(world.table)).filter((approval) => isOpen(approval, now));
  const many = open.length >= DIGEST_FROM;
  if (many) await digest(world, open);
  let sent = 0;
  for (const approval of open) {
    const nudge = nudgeOf(approval, now);
    if (!isDue(many ? { ...nudge, remind: [] } : nudge) || !(await take(world, approval, now))) continue;
    await world.work.send({ v: 1, kind: 'nudge-approval', approvalId: approval.id });
    sent++;
  }
  return sent;
}

/** True for one sweep in ten minutes: a message under way is not sent again, one that was lost is. */
async function take({ table }: Watching, { id }: Approval, now: number): Promise<boolean> {
  const before = { attr: 'nudgedAt', op: '<=', value: now - NUDGE_AGAIN_MS } as const;
  const taken = await table.write({
    op: 'update',
    key: approvalKey(id),
    if: [{ attr: 'id', op: '=', value: id }, { any: [{ attr: 'nudgedAt', op: 'missing' }, before] }],
    set: { nudgedAt: now },
  });
  return taken.ok;
}

/** Once a day. The message goes first: a crash in between repeats it under the same key. */
async function digest(world: Watching, open: readonly Approval[]): Promise<void> {
  const { date } = await momentNow(world);
  const known = await world.table.get(approvalDigestKey);
  if (known?.date === date) return;
  const lines = open
    .slice(0, 40)
    .map(
      ({ id, title, expiresAt }) => `- ${title} (until ${new Date(expiresAt).toISOString()}): nova approval show ${id}`,
    );
  const more = open.length > lines.length ? [`… and ${open.length - lines.length} more: nova approval list`] : [];
  await world.work.send({
    ...{ v: 1, kind: 'notify', dedupKey: `approvals-digest:${date}` },
    subject: `${open.length} requests wait for your answer`,
    text: ['What is not answered counts as rejected. Each has a mail of its own with its codes.', ...lines, ...more]
      .join('\n')
      .slice(0, 4000),
  });
  await world.table.write({ op: 'update', key: approvalDigestKey, set: { v: 1, date } });
}

/** Work message `nudge-approval`: does what is due now; every mail goes out once. */
export async function nudgeApproval(message: { readonly approvalId: string }, world: Mailing): Promise<undefined> {
  const approval = await getApproval(world.table, message.approvalId);
  if (!approval || !isOpen(approval, world.time.now())) return;
  const nudge = nudgeOf(approval, world.time.now());
  if (nudge.ask) await sendApproval(world, approval.id);
  const people = await listOperators(world);
  for (const operator of people.filter(({ id }) => nudge.remind.includes(id))) {
    await mail(world, approval, { operator, kind: 'reminder', lead: 'Still waiting for your answer' });
  }
  if (nudge.escalate) await escalate(world, approval, { people, nudge });
}

type Asking = { readonly people: readonly Operator[]; readonly nudge: Nudge };

/** The next one who may answer and has not been asked; when nobody is left, that is an alarm. */
async function escalate(world: Mailing, approval: Approval, { people }: Asking): Promise<void> {
  const asked = new Set(approval.credentials.filter(({ mailedAt }) => mailedAt !== null).map(({ to }) => to));
  const requester = await operatorOf(world, approval.requestedBy);
  const rpId = new URL(await world.publicUrl()).hostname;
  const left = people.filter(({ id }) => !asked.has(id));
  const [operator] = recipientsOf(left, { tier: approval.tier, requesterId: requester?.id ?? null, rpId });
  if (operator) return await mail(world, approval, { operator, kind: 'escalation', lead: 'Nobody has answered yet' });
  const noted = await world.table.write({
    op: 'update',
    key: approvalKey(approval.id),
    if: [
      { attr: 'id', op: '=', value: approval.id },
      { attr: 'exhausted', op: '<>', value: true },
    ],
    set: { exhausted: true },
  });
  if (noted.ok) {
    const lost = approval.lost.join(', ');
    world.log.error('nobody else can be asked: answer with nova approval', { approvalId: approval.id, lost });
  }
}

type Once = { readonly operator: Operator; readonly kind: 'reminder' | 'escalation'; readonly lead: string };

async function mail(world: Mailing, approval: Approval, { operator, kind, lead }: Once): Promise<void> {
  await mailOnce(world, approval.id, {
    ...{ operator, kind, canApprove: approval.tier === 'T0' },
    contentOf: (read, given, reader) => approvalMail(read, given, { ...reader, lead }),
  });
}
