/**
 * Wrong protocols, each one removal or change away from the right one, put between the workers and the table. The product
 * knows nothing of them. The first eleven are those of the prototype, in words of the instance protocol.
 */
import type { Condition, Item, Op, Update } from '../../shared/ports/table.ts';
import type { Wrong } from './history.ts';
import type { SimTable } from './sim-table.ts';
import { spoiled } from './spoiled.ts';

const isUpdate = (op: Op, pk: string): op is Update => op.op === 'update' && op.key.pk.startsWith(pk);
const isTake = (op: Op): op is Update => isUpdate(op, 'BUDGET#') && Number(op.add?.available ?? 0) < 0;
const isReturn = (op: Op): op is Update =>
  isUpdate(op, 'BUDGET#') && Number(op.add?.available ?? 0) > 0 && op.set === undefined;
const isClaim = (op: Op): op is Update => isUpdate(op, 'FLEET#') && op.set?.ho !== undefined;
const isMark = (op: Op): op is Update => isUpdate(op, 'FLEET#') && op.set?.cs !== undefined && !isClaim(op);
const looksAt = ({ if: conditions = [] }: Update, attr: string): boolean =>
  conditions.some((one) => 'attr' in one && one.attr === attr);
const releases = (op: Op): op is Update => isUpdate(op, 'FLEET#') && op.remove?.includes('ho') === true;
const isRecovery = (op: Op): op is Update => releases(op) && looksAt(op, 'lu');
const isEnd = (op: Op): op is Update => releases(op) && !looksAt(op, 'lu');
const isRefusal = (op: Op): op is Update => isUpdate(op, 'FLEET#') && op.set?.j !== undefined && !releases(op);
const isAtRest = (item: Item): boolean => item.pk.startsWith('FLEET#') && item.ho === undefined;

function without(op: Update, ...attrs: readonly string[]): Update {
  const kept = (op.if ?? []).filter((one: Condition) => !('attr' in one) || !attrs.includes(one.attr));
  return { ...op, if: kept };
}

const added = (op: Update, attr: string, amount: number): Update =>
  op.set?.[attr] === undefined
    ? { ...op, add: { ...op.add, [attr]: Number(op.add?.[attr] ?? 0) + amount } }
    : { ...op, set: { ...op.set, [attr]: Number(op.set[attr]) + amount } };

const notSet = ({ set = {} }: Update, attr: string) =>
  Object.fromEntries(Object.entries(set).filter(([name]) => name !== attr));

const sentOf = ({ key }: Update, table: SimTable): number => Number(table.get(key)?.se ?? 0);

/** The latest budget of the same line: where a settlement by today's date would go. */
function latestOf({ key }: Update, table: SimTable): Update['key'] {
  const [line = ''] = key.sk.split('#');
  const { items } = table.query({ pk: key.pk, prefix: `${line}#`, reverse: true, limit: 1 });
  return items[0] ? { pk: items[0].pk, sk: items[0].sk } : key;
}

export type WrongProtocol = Wrong & {
  readonly name: string;
  /** The first seed that catches it; another one may, once the protocol has changed. */
  readonly caughtBy: number;
};

const MARK_HIDDEN = (item: Item): Item =>
  item.ho === undefined ? item : { ...item, cs: 0, se: 0, hl: item.hd as number };

export const WRONG_PROTOCOLS: readonly WrongProtocol[] = [
  {
    name: 'money is taken without asking whether it is still there',
    caughtBy: 11,
    spoil: spoiled({ op: (op) => (isTake(op) ? without(op, 'available') : op) }),
  },
  {
    name: 'paid calls are not marked',
    caughtBy: 1,
    spoil: spoiled({ op: (op) => (isMark(op) ? null : op) }),
  },
  {
    name: 'an attempt that marked a call is repeated',
    caughtBy: 232,
    spoil: spoiled({ op: (op) => (isRecovery(op) ? without(op, 'cs') : op), show: MARK_HIDDEN }),
  },
  {
    name: 'a claim whose answer was lost is done again',
    caughtBy: 3,
    spoil: spoiled({ op: (op) => (isClaim(op) ? without(op, 'ho', 'f', 'rev', 'fl', 'rc') : op) }),
  },
  {
    name: 'recovery gives back what was sent',
    caughtBy: 126,
    spoil: spoiled({ op: (op, table) => (isRecovery(op) ? added(op, 'av', sentOf(op, table)) : op) }),
  },
  { name: 'a call may cost more than its bound', caughtBy: 1, overrun: 20_000 },
  {
    name: 'time releases what was sent',
    caughtBy: 232,
    spoil: spoiled({ show: (item) => (item.ho === undefined ? item : { ...item, se: 0 }) }),
  },
  {
    name: 'an end does not ask whose run it ends',
    caughtBy: 20,
    spoil: spoiled({ op: (op) => (isEnd(op) ? without(op, 'ho', 'f', 'rev') : op) }),
  },
  { name: 'each attempt has a name of its own', caughtBy: 1, renames: true },
  {
    name: 'a rest goes to the budget of today',
    caughtBy: 44,
    spoil: spoiled({ op: (op, table) => (isReturn(op) ? { ...op, key: latestOf(op, table) } : op) }),
  },
  {
    name: 'an end gives back too much',
    caughtBy: 1,
    spoil: spoiled({ op: (op) => (isEnd(op) ? added(op, 'av', 1_000) : op) }),
  },
  {
    name: 'recovery is not pinned to what was read',
    caughtBy: 1,
    spoil: spoiled({ op: (op) => (isRecovery(op) ? without(op, 'f', 'rev', 'cs', 'lu', 'ho') : op) }),
  },
  { name: 'a message is acknowledged when its worker was fenced out', caughtBy: 44, acknowledgesFenced: true },
  {
    name: 'rev is ignored',
    caughtBy: 9,
    spoil: spoiled({ op: (op) => (op.op === 'update' ? without(op, 'rev') : op) }),
  },
  {
    name: 'a page is dropped before it is put',
    caughtBy: 9,
    spoil: spoiled({ op: (op) => (op.op === 'put' && op.item.pk.startsWith('RUN#') ? null : op) }),
  },
  {
    name: 'a budget is not set exact before idle money is looked for',
    caughtBy: 5,
    // Refusals ask whether it was: nobody is ever refused, and the message comes back for ever.
    spoil: spoiled({
      op: (op) => (isUpdate(op, 'BUDGET#') && op.set?.exact === true && op.add === undefined ? null : op),
    }),
  },
  {
    name: 'idle slices are not called back',
    caughtBy: 230,
    spoil: (table) => ({
      ...spoiled({})(table),
      query(query) {
        const page = table.query(query);
        return { ...page, items: page.items.map((item) => (isAtRest(item) ? { ...item, av: 0, ar: 0, as: 0 } : item)) };
      },
    }),
  },
  {
    name: 'a new period begins without bringing the rest of the old one home',
    caughtBy: 44,
    spoil: (table) => ({
      ...spoiled({})(table),
      transact(ops) {
        const rolls = ops.some((op) => isUpdate(op, 'FLEET#') && op.set?.pe !== undefined && op.set.ex === undefined);
        return table.transact(rolls ? ops.filter((op) => !isReturn(op)) : ops);
      },
    }),
  },
  {
    name: 'a new limit gives out before it has counted',
    caughtBy: 9,
    spoil: spoiled({
      op(op) {
        if (op.op !== 'put' || op.item.counting === undefined) return op;
        const { counting: _, ...item } = op.item;
        return { ...op, item };
      },
    }),
  },
  {
    name: 'a kill does not stop paid calls',
    caughtBy: 154,
    spoil: spoiled({ op: (op) => (isMark(op) ? without(op, 'ke', 'st') : op) }),
  },
  {
    name: 'a refusal does not ask what it refuses by',
    caughtBy: 5,
    spoil: spoiled({ op: (op) => (isRefusal(op) ? without(op, 'f', 'rev') : op) }),
  },
  {
    name: 'the tokens of a paid call are not marked',
    caughtBy: 684,
    spoil: spoiled({ op: (op) => (isMark(op) ? { ...op, set: notSet(op, 'ts') } : op) }),
  },
  {
    name: 'an end gives back too many tokens',
    caughtBy: 95,
    spoil: spoiled({ op: (op) => (isEnd(op) && Number(op.add?.at ?? 0) > 0 ? added(op, 'at', 100) : op) }),
  },
];
