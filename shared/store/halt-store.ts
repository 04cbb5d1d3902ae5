/**
 * The kill switch as items: what each scope's switch says, and one gate with the scopes that are on. Whatever may start
 * something checks the gate in its transaction; runs do not, because their instances are closed.
 */
import type { Agent } from '../domain/agent.ts';
import { mayAnswer } from '../domain/approval.ts';
import type { Actor } from '../domain/audit.ts';
import type { Scope } from '../domain/budget.ts';
import { NovaError } from '../domain/error.ts';
import { type Gate, type Halt, haltOver, OPEN_GATE } from '../domain/halt.ts';
import { hasRole } from '../domain/operator.ts';
import { LOST_ROOTS } from '../domain/origin.ts';
import { cleanLine } from '../domain/safe-text.ts';
import type { Condition, Item, Op, Table } from '../ports/table.ts';
import type { World } from '../ports/world.ts';
import { audited, NO_AUDIT } from './audit-store.ts';
import { committed, publishOrLeave } from './commit.ts';
import { agentKey, haltGateKey, haltKey, haltPk, haltPrefix } from './keys.ts';
import { operatorOf } from './operator-store.ts';
import { type PostedWork, post } from './outbox-store.ts';
import { queryAll } from './query-all.ts';

type Ports = Pick<World, 'table' | 'time' | 'ids' | 'hashing' | 'work' | 'log' | 'settings'>;

const TRIES = 8;
const MOST_REASON = 1_000;
const strings = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

/** The scopes that are on, at this moment. */
export async function readGate(table: Table): Promise<Gate> {
  const item = await table.get(haltGateKey);
  return item ? { version: Number(item.version), scopes: strings(item.scopes) } : OPEN_GATE;
}

/** For the transaction of whatever may start something: it fails when any switch was turned since the gate was read. */
export function gateOp({ version }: Gate): Op {
  return { op: 'check', key: haltGateKey, if: [versionIs(version)] };
}

const versionIs = (version: number): Condition =>
  version === 0 ? { attr: 'version', op: 'missing' } : { attr: 'version', op: '=', value: version };

/** The gate as it is when nothing holds the agent; null when a switch does. Nobody's department is read while all are off. */
export async function freeGate(table: Table, agentId: string): Promise<Gate | null> {
  const gate = await readGate(table);
  if (gate.scopes.length === 0) return gate;
  const agent = await table.get(agentKey(agentId));
  return haltOver(gate, { id: agentId, department: String(agent?.department ?? '') }) ? null : gate;
}

/** @throws NovaError conflict when the kill switch holds the agent. */
export function mustNotBeHalted(gate: Gate, agent: Pick<Agent, 'id' | 'department'>): void {
  const scope = haltOver(gate, agent);
  if (scope) throw new NovaError('conflict', haltedText(agent.id, scope));
}

export const haltedText = (agentId: string, scope: Scope): string =>
  `the kill switch is on for ${scope}: ${agentId} starts nothing; a person turns it off with: nova killswitch off`;

/** A switch that nobody ever turned is off. */
export async function getHalt(table: Table, scope: Scope): Promise<Halt> {
  const item = await table.get(haltKey(scope));
  return item
    ? decode(item)
    : {
        ...{ scope, on: false, reason: '', by: '', at: 0, version: 0, stopped: null, settledAt: null },
        ...NO_AUDIT,
      };
}

/** Every switch that was ever turned. */
export async function listHalts(table: Table): Promise<Halt[]> {
  return (await queryAll(table, { pk: haltPk, prefix: haltPrefix })).map(decode);
}

function decode(item: Item): Halt {
  return {
    scope: item.sk.slice(haltPrefix.length),
    on: item.on === true,
    reason: String(item.reason),
    by: String(item.by),
    at: Number(item.at),
    version: Number(item.version),
    stopped: Array.isArray(item.stopped) ? item.stopped.map(String) : null,
    settledAt: typeof item.settledAt === 'number' ? item.settledAt : null,
    auditSeq: Number(item.auditSeq),
    auditHash: String(item.auditHash),
  };
}

export type Turn = {
  readonly scope: Scope;
  readonly on: boolean;
  readonly actor: Actor;
  readonly reason: string;
  /** The data were restored: said also where the switch is on already, with the roots of what was lost. */
  readonly restored?: string;
};

/**
 * Turns a switch, once: the switch, the gate, the audit record, the order for all that follows and the mail to the owner
 * are one transaction. Turning it where it is changes nothing.
 * @throws NovaError denied when nobody with the right would turn it off; bad_input without a reason for that.
 */
export async function turnHalt(
  world: Ports,
  wanted: Turn,
): Promise<{ readonly halt: Halt; readonly fresh: boolean; readonly posted: readonly PostedWork[] }> {
  // Whatever the reason is, the switch is turned: it is cut to what fits.
  const turn = { ...wanted, reason: wanted.reason.slice(0, MOST_REASON).toWellFormed() };
  if (!turn.on) await mayTurnOff(world, turn);
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const [halt, gate] = await Promise.all([getHalt(world.table, turn.scope), readGate(world.table)]);
    if (halt.on === turn.on && turn.restored === undefined) return { halt, fresh: false, posted: [] };
    const { after, ops, posted } = turnOps(world, { halt, gate }, turn);
    if (await committed(world.table, ops, after.auditHash)) return { halt: after, fresh: true, posted };
  }
  throw new NovaError('unavailable', `the kill switch for ${turn.scope} is being turned by others; try again`);
}

/** Sends what a turn has ordered; apart, because closing admission comes before everything else. */
export const publishTurn = (world: Ports, posted: readonly PostedWork[]): Promise<void> =>
  publishOrLeave(world, posted);

/** Clearing is an admin's, known by name, and they say why: a link in a mail only ever stops. */
async function mayTurnOff(world: Ports, { actor, reason }: Turn): Promise<void> {
  if (!mayAnswer(actor)) throw new NovaError('denied', `only a person turns the kill switch off; got ${actor}`);
  const person = await operatorOf(world, actor);
  if (!person || !hasRole(person, 'admin'))
    throw new NovaError('denied', `${actor} is no admin of this workspace: only an admin turns the kill switch off`);
  if (!reason.trim()) throw new NovaError('bad_input', "say why it may go on: --why '…'");
}

type Before = { readonly halt: Halt; readonly gate: Gate };

function turnOps(world: Ports, { halt, gate }: Before, { scope, on, actor, reason, restored }: Turn) {
  const at = world.time.now();
  const version = halt.version + 1;
  const scopes = on
    ? [...gate.scopes.filter((one) => one !== scope), scope]
    : gate.scopes.filter((one) => one !== scope);
  const posted: PostedWork[] = [
    post(world, { queue: 'work', message: { v: 1, kind: 'halt', scope } }),
    post(world, {
      queue: 'work',
      message: { v: 1, kind: 'notify', ...noticeOf({ scope, on, actor, reason }, version) },
    }),
  ];
  const { record, head } = audited(world.hashing, halt, {
    ...{ at, actor, entity: `halt:${scope}`, action: on ? 'halt.on' : 'halt.off' },
    // The order makes this record like no other, so that one's own turn is known from a twin's of the same instant.
    details: {
      ...{ reason, version, gate: gate.version + 1, order: posted[0]?.id ?? '' },
      ...(restored === undefined ? {} : { [LOST_ROOTS]: restored }),
    },
  });
  const set = { on, reason, by: actor, at, version, ...head };
  const ops: Op[] = [
    {
      op: 'update',
      key: haltKey(scope),
      if: [versionIs(halt.version)],
      set: { v: 1, ...set },
      // What ran before stays known until everything is back.
      remove: on ? ['stopped', 'settledAt'] : ['settledAt'],
    },
    {
      op: 'update',
      key: haltGateKey,
      if: [versionIs(gate.version)],
      set: { v: 1, version: gate.version + 1, scopes },
    },
    record,
    ...posted.map(({ op }) => op),
  ];
  const stopped = on ? null : halt.stopped;
  const after: Halt = { scope, ...set, stopped, settledAt: null };
  return { after, ops, posted };
}

function noticeOf({ scope, on, actor, reason: given }: Turn, version: number) {
  const whom = scope === 'fleet' ? 'everything' : scope;
  const [kind, name = ''] = scope.split(':');
  const off = `nova killswitch off${scope === 'fleet' ? '' : ` --${kind} ${name.includes(' ') ? `'${name}'` : name}`} --why '…'`;
  // One line of it: what follows is ours, and nobody else's.
  const reason = cleanLine(given, MOST_REASON);
  const text = on
    ? `${actor} turned it on: ${reason || 'no reason given'}. No run starts, no paid call is made, schedules are off, open approvals are void. Payments go on being booked. Nothing starts again by itself; when you are sure: ${off}`
    : `${actor} turned it off: ${reason}. What ran before runs again; what was paused stays paused.`;
  const subject = on ? `Kill switch: ${whom} is stopped` : `Kill switch: ${whom} may run again`;
  return {
    subject: subject.slice(0, 200),
    text: text.slice(0, 4000),
    dedupKey: `halt:${scope}:${version}`.slice(0, 200),
  };
}

/** Writes down once what ran when this turn was made; answers what stands. */
export async function keepStopped(table: Table, halt: Halt, agentIds: readonly string[]): Promise<readonly string[]> {
  const written = await table.write({
    op: 'update',
    key: haltKey(halt.scope),
    if: [
      { attr: 'version', op: '=', value: halt.version },
      { attr: 'stopped', op: 'missing' },
    ],
    set: { stopped: agentIds },
  });
  return strings(written.item?.stopped);
}

/** Everything that follows from this turn is done. */
export async function settleHalt({ table, time }: Pick<World, 'table' | 'time'>, halt: Halt): Promise<void> {
  await table.write({
    op: 'update',
    key: haltKey(halt.scope),
    if: [
      { attr: 'version', op: '=', value: halt.version },
      { attr: 'settledAt', op: 'missing' },
    ],
    set: { settledAt: time.now() },
  });
}
