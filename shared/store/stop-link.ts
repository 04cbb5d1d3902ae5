/**
 * The kill switch behind a link and a code, one of each per mail. It shares the page of the approvals, with all that guards
 * it, and turns the switch on only: whoever finds the mail can stop, and nobody can start with it.
 */
import { type AnswerResult, MAX_CODE_ATTEMPTS, type Stopped } from '../domain/approval.ts';
import type { StopGiven } from '../domain/stop-mail.ts';
import type { Item } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import type { ApprovalView } from '../wire/approval.ts';
import type { AnswerRequest } from './approval-answer.ts';
import { codeHashOf, PEPPER, tokenHashOf } from './approval-credentials.ts';
import { getHalt, publishTurn, turnHalt } from './halt-store.ts';
import { stopLinkKey, stopLinksPk } from './keys.ts';
import { operatorOf } from './operator-store.ts';

type Making = Pick<World, 'table' | 'time' | 'ids' | 'hashing' | 'secrets' | 'publicUrl'>;
type Viewing = Pick<World, 'table' | 'time' | 'hashing' | 'settings'>;
type Stopping = Viewing & Pick<World, 'ids' | 'secrets' | 'work' | 'log'>;

/** No ulid begins so for the next ten thousand years: approvals and these never share an id. */
const MARK = 'Z';
const LIFE_MS = 30 * 86_400_000;
/** A link that has ended shows what became of it for another day. */
const SHOWN_MS = 86_400_000;
/** More than one: what has piled up goes away, too. */
const DROPPED_PER_LINK = 3;
const SCOPE = 'fleet';

export const isStopLink = (id: string): boolean => id.startsWith(MARK);

/** A new link for one mail; its hashes are durable before the mail leaves. */
export async function newStopLink(world: Making, to: string): Promise<StopGiven> {
  const pepper = await world.secrets.get(PEPPER);
  const id = `${MARK}${world.ids.ulid().slice(1)}`;
  const token = world.ids.token(32);
  const code = world.ids.code(6);
  const tokenHash = tokenHashOf(world, token);
  const codeHash = codeHashOf(world, { approvalId: id, tokenHash, answer: 'approve', code, pepper });
  const expiresAt = world.time.now() + LIFE_MS;
  const set = { v: 1, tokenHash, codeHash, to, attempts: 0, expiresAt, used: false };
  await world.table.write({ op: 'update', key: stopLinkKey(id), if: [{ attr: 'pk', op: 'missing' }], set });
  await dropEnded(world);
  return { link: `${(await world.publicUrl()).replace(/\/+$/, '')}/a/${id}#${token}`, code };
}

/** Each new link takes up to three away that ended a day ago: there are as many as mails in a month, and no job is needed. */
async function dropEnded({ table, time }: Pick<World, 'table' | 'time'>): Promise<void> {
  const ended = time.now() - SHOWN_MS;
  const { items } = await table.query({ pk: stopLinksPk, limit: DROPPED_PER_LINK });
  for (const { pk, sk, expiresAt } of items) {
    if (Number(expiresAt) > ended) return;
    await table.write({ op: 'delete', key: { pk, sk }, if: [{ attr: 'expiresAt', op: '<=', value: ended }] });
  }
}

const actionHash = ({ hashing }: Pick<World, 'hashing'>): string => hashing.sha256(`nova-halt-v1\n${SCOPE}`);

/** Who was sent the mail may have left: then it is nobody's, and opens nothing. */
const isOurs = async (world: Pick<World, 'table' | 'settings'>, { to }: Item): Promise<boolean> =>
  (await operatorOf(world, `link:${to}`)) !== null;

/** What the link shows; null for an unknown, wrong, ended or locked one alike. Looking changes nothing. */
export async function viewStop(world: Viewing, id: string, token: string): Promise<ApprovalView | null> {
  const item = await world.table.get(stopLinkKey(id));
  if (!item || item.tokenHash !== tokenHashOf(world, token)) return null;
  const used = item.used === true;
  if (!used && (Number(item.expiresAt) <= world.time.now() || Number(item.attempts) >= MAX_CODE_ATTEMPTS)) return null;
  if (!(await isOurs(world, item))) return null;
  const { on, by, at } = await getHalt(world.table, SCOPE);
  return {
    status: used ? 'approved' : 'pending',
    title: 'Stop everything',
    lines: [
      { label: 'If you approve', value: 'no run starts, no paid call is made, schedules stop, open requests are void' },
      { label: 'It goes on', value: 'until an admin turns the kill switch off by name; this link cannot' },
      { label: 'Payments', value: 'go on being received and booked' },
      { label: 'Now', value: on ? `it is on already, by ${by} since ${new Date(at).toISOString()}` : 'it is off' },
    ],
    ...{ agentText: '', actionHash: actionHash(world), decisionId: '', tier: 'T0', waits: false, locked: false },
    standing: 'This is the kill switch. Approving it stops all agents at once.',
    askedOf: String(item.to),
    ifIgnored: used ? '' : 'Nothing changes.',
    outcome: used ? 'The kill switch was turned on with this link.' : '',
  };
}

/**
 * Counted before it is compared, as every code of a mail; the switch is turned before the link is used up. Used again while
 * the switch is on it says so; after a person has turned it off, a link that was used does not turn it on again.
 */
export async function stopByLink(world: Stopping, request: AnswerRequest): Promise<AnswerResult | Stopped> {
  const { approvalId: id, answer, proof } = request;
  if (proof.kind !== 'link') return { kind: 'refused', why: 'unknown' };
  const pepper = await world.secrets.get(PEPPER);
  const tokenHash = tokenHashOf(world, proof.token);
  const codeHash = codeHashOf(world, { approvalId: id, tokenHash, answer, code: proof.code, pepper });
  const counted = await world.table.write({
    op: 'update',
    key: stopLinkKey(id),
    add: { attempts: 1 },
    if: [
      { attr: 'tokenHash', op: '=', value: tokenHash },
      { attr: 'expiresAt', op: '>', value: world.time.now() },
      { attr: 'attempts', op: '<', value: MAX_CODE_ATTEMPTS },
    ],
  });
  if (!counted.ok || !counted.item || !(await isOurs(world, counted.item))) return { kind: 'refused', why: 'unknown' };
  const attemptsLeft = MAX_CODE_ATTEMPTS - Number(counted.item.attempts);
  if (answer !== 'approve' || counted.item.codeHash !== codeHash) return { kind: 'wrong_code', attemptsLeft };
  if (proof.actionHash !== actionHash(world)) return { kind: 'changed' };
  if (counted.item.used === true && !(await getHalt(world.table, SCOPE)).on) return { kind: 'refused', why: 'unknown' };
  const actor = `link:${counted.item.to}`;
  const { posted } = await turnHalt(world, { scope: SCOPE, on: true, actor, reason: 'the link in a mail' });
  await world.table.write({ op: 'update', key: stopLinkKey(id), set: { used: true } });
  await publishTurn(world, posted);
  return { kind: 'stopped' };
}
