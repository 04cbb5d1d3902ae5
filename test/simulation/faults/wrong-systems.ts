/**
 * Wrong systems, each one guard away from the right one: what stands between the jobs and the platform does otherwise, and
 * no product code knows of it. A simulation that finds nothing wrong with them would prove nothing.
 */
import type { Condition, Op, Update } from '../../../shared/ports/table.ts';
import { spoiled } from '../spoiled.ts';
import type { Wrong } from './wrong.ts';

const keyOf = (op: Op) => (op.op === 'put' ? op.item : op.key);
const touches = (op: Op, pk: string): boolean => keyOf(op).pk.startsWith(pk);
const isUpdate = (op: Op, pk: string): op is Update => op.op === 'update' && touches(op, pk);
const isClaim = (op: Op): op is Update => isUpdate(op, 'FLEET#') && op.set?.ho !== undefined && op.add?.f !== undefined;
const isAdoption = (op: Op): op is Update => isUpdate(op, 'FLEET#') && op.set?.ho !== undefined && !isClaim(op);
const isMark = (op: Op): op is Update => isUpdate(op, 'FLEET#') && op.set?.cs !== undefined && !isClaim(op);
const releases = (op: Op): op is Update => isUpdate(op, 'FLEET#') && op.remove?.includes('ho') === true;
const asks = ({ if: conditions = [] }: Update, attr: string): boolean =>
  conditions.some((one) => 'attr' in one && one.attr === attr);
const isRecovery = (op: Op): op is Update => releases(op) && asks(op, 'lu');
const isEnd = (op: Op): op is Update => releases(op) && !asks(op, 'lu');

function without<Some extends Op>(op: Some, ...attrs: readonly string[]): Some {
  const kept = (op.if ?? []).filter((one: Condition) => !('attr' in one) || !attrs.includes(one.attr));
  return { ...op, if: kept };
}

export type WrongSystem = Wrong & {
  readonly name: string;
  /** The first seed that catches it; another one may, once the system has changed. */
  readonly caughtBy: number;
  /** The fault that shows it, where it does so best alone. */
  readonly shownBy?: `F${number}`;
};

export const WRONG_SYSTEMS: readonly WrongSystem[] = [
  { name: 'a message is deleted before its slot is closed', caughtBy: 12, deletesFirst: true },
  {
    name: 'an end does not ask whose run it ends',
    caughtBy: 1,
    spoil: spoiled({ op: (op) => (isEnd(op) ? without(op, 'ho', 'f', 'rev') : op) }),
  },
  {
    name: 'a claim does not ask whether its slot was closed',
    caughtBy: 1,
    spoil: spoiled({
      op: (op) => (isClaim(op) ? without(op, 'fl', 'rc') : op),
      show: (item) => (item.pk.startsWith('FLEET#') && item.rc !== undefined ? { ...item, rc: [], fl: 0 } : item),
    }),
  },
  {
    name: 'a kill does not win over a scaling up',
    caughtBy: 2,
    spoil: spoiled({
      op: (op) => (op.op === 'check' && op.key.pk === 'HALT' ? null : op),
      show: (item) => (item.pk === 'HALT' && item.sk === 'gate' ? { ...item, scopes: [] } : item),
    }),
  },
  {
    name: 'a kill does not stop paid calls',
    caughtBy: 7,
    spoil: spoiled({ op: (op) => (isMark(op) ? without(op, 'ke', 'st') : op) }),
  },
  {
    name: 'a request hands itself on without counting',
    caughtBy: 9,
    message: (message) => (message.kind === 'request' ? { ...message, hop: 0 } : message),
  },
  {
    name: 'nobody is told that a request rests',
    caughtBy: 9,
    message: (message) => (message.kind === 'notify' ? { ...message, dedupKey: 'a word' } : message),
  },
  {
    name: 'that a request rests is told each time',
    shownBy: 'F48',
    caughtBy: 1,
    spoil: spoiled({ show: (item) => (item.pk.startsWith('REQUEST#') ? { ...item, restedAt: null } : item) }),
  },
  {
    name: 'open requests are not looked for',
    caughtBy: 3,
    spoil: spoiled({
      show: (item) => (item.pk.startsWith('REQUEST#') ? { ...item, touchedAt: Number.MAX_SAFE_INTEGER } : item),
    }),
  },
  {
    name: 'an answer without a task is taken for one with a task',
    shownBy: 'F33',
    caughtBy: 3,
    launcher: (launcher) => ({
      ...launcher,
      runTask: async (task) => ({ taskId: (await launcher.runTask(task)).taskId ?? 'somewhere', reason: '' }),
    }),
  },
  {
    name: 'each RunTask has a token of its own',
    caughtBy: 6,
    launcher(launcher) {
      let count = 0;
      return { ...launcher, runTask: (task) => launcher.runTask({ ...task, clientToken: `${++count}` }) };
    },
  },
  {
    name: 'tasks without a run are not looked for',
    caughtBy: 1,
    launcher: (launcher) => ({ ...launcher, listTasks: async () => [] }),
  },
  {
    name: 'a task takes over whatever it finds, stopped or not',
    caughtBy: 276,
    spoil: spoiled({ op: (op) => (isAdoption(op) ? without(op, 'f', 'ho') : op) }),
  },
  { name: 'lost heartbeats are not noticed', caughtBy: 1, neverSweeps: true },
  { name: 'what a dead function held stays away for half an hour', caughtBy: 40, hidesLong: true },
  {
    name: 'recovery is not pinned to what was read',
    caughtBy: 1,
    spoil: spoiled({ op: (op) => (isRecovery(op) ? without(op, 'f', 'rev', 'cs', 'lu', 'ho') : op) }),
  },
  {
    name: 'an approval that has ended is answered all the same',
    caughtBy: 1,
    spoil: spoiled({
      op: (op) => (isUpdate(op, 'APPROVAL#') || isUpdate(op, 'DECISION#') ? without(op, 'status', 'version') : op),
      show: (item) =>
        item.pk.startsWith('APPROVAL#') && item.sk === 'A' && item.status !== 'approved'
          ? { ...item, status: 'pending', expiresAt: Number.MAX_SAFE_INTEGER }
          : item,
    }),
  },
  {
    name: 'a decision is made while another of its kind is open',
    caughtBy: 4,
    spoil: spoiled({ op: (op) => (touches(op, 'LOCK#') ? { ...op, if: [] } : op) as Op }),
  },
  {
    name: 'a change of an agent forgets its order to reconcile',
    caughtBy: 85,
    spoil: spoiled({ op: (op) => (op.op === 'put' && op.item.pk === 'OUTBOX' ? null : op) }),
  },
  {
    name: 'a movement is booked without asking whether it was',
    caughtBy: 18,
    spoil: spoiled({ op: (op) => (op.op === 'put' && touches(op, 'ENTRY#') ? without(op, 'pk') : op) }),
  },
  {
    name: 'an instance that cools down is claimed',
    caughtBy: 7,
    spoil: spoiled({
      op: (op) => (isClaim(op) ? without(op, 'cu') : op),
      show: (item) => (item.pk.startsWith('FLEET#') && item.cu !== undefined ? { ...item, cu: 0 } : item),
    }),
  },
  {
    name: 'the crash limit brings no pause',
    caughtBy: 7,
    spoil: spoiled({
      op: (op) => (isUpdate(op, 'FLEET#') && Number(op.set?.cu ?? 0) > 0 ? { ...op, set: { ...op.set, cu: 0 } } : op),
    }),
  },
  {
    name: 'an approval is given after its time',
    shownBy: 'F46',
    caughtBy: 16,
    spoil: spoiled({
      op: (op) => (isUpdate(op, 'APPROVAL#') ? without(op, 'expiresAt') : op),
      show: (item) =>
        item.pk.startsWith('APPROVAL#') && item.sk === 'A'
          ? { ...item, expiresAt: Number(item.expiresAt) + 86_400_000 }
          : item,
    }),
  },
  {
    name: 'audit records are written where others stand',
    caughtBy: 30,
    spoil: spoiled({
      op: (op) => {
        if (op.op === 'put' && op.item.pk.startsWith('AUDIT#')) return without(op, 'pk');
        return isUpdate(op, 'AGENTS') || isUpdate(op, 'HALT') ? without(op, 'version') : op;
      },
    }),
  },
  {
    name: 'money is taken without asking whether it is there',
    caughtBy: 18,
    spoil: spoiled({
      op: (op) => (isUpdate(op, 'BUDGET#') && Number(op.add?.available ?? 0) < 0 ? without(op, 'available') : op),
    }),
  },
  { name: 'a secret that was refused is not read anew', caughtBy: 16, staleSecrets: true },
  { name: 'what nobody can read comes back for ever', caughtBy: 75, keepsPoison: true },
  { name: 'a restored table goes on at once', caughtBy: 24, restoresOpen: true },
];
