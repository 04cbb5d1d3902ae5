/**
 * A claim that finds too little in its slice. While every budget has room it cuts a new slice and claims, in one
 * transaction (apart, others would call it back in between). Else the budget becomes exact: idle slices come home, and
 * from there each claim takes what it lacks. So nothing idles, and nobody is refused while there is headroom.
 */
import type { Amounts, Budget, Kind } from '../domain/budget.ts';
import {
  inSlice,
  isNothing,
  isRoomy,
  isThrottled,
  lacking,
  leavesLastTenth,
  limited,
  sliceOf,
} from '../domain/protocol/slice.ts';
import type { Condition, Op, Update } from '../ports/table.ts';
import {
  budgetKeyFor,
  instancesUnder,
  makeExact,
  markSwept,
  openBudget,
  periodFor,
  returnOpsOf,
  takeOps,
} from './budget-store.ts';
import { callBack } from './call-back-store.ts';
import type { Claim, ClaimPorts, Situation, Step } from './claim.ts';
import { claimOp, load, transact } from './claim-write.ts';
import { countBefore } from './count-store.ts';
import { sliceEmpty } from './instance-store.ts';
import { letGo } from './limit-removal.ts';
import { refusalOp, refuse } from './refusal-store.ts';

export async function topUp(ports: ClaimPorts, want: Claim, situation: Situation): Promise<Step> {
  const { wish, image } = situation;
  const take = sliceOf(image, wish.spec);
  const budgets = await budgetsOf(ports, situation);
  const gone = budgets.find(({ removed }) => removed);
  if (gone) {
    await letGo(ports.table, image, gone.line);
    return { image: await load(ports, want) };
  }
  const begun = budgets.find(({ counting }) => counting);
  if (begun) {
    await countBefore(ports, begun.line, begun.period);
    return { image: await load(ports, want) };
  }
  const tight = await tightOnes(ports, budgets, take);
  if (tight.length === 0) {
    const ops = [claimOp(ports, situation, { take, exact: false }), ...takeOps(image.slice, take, 'slice')];
    return await transact(ports, want, { ops, refused: null });
  }
  const moved = await settleExact(ports, tight, situation);
  return await claimExactly(ports, want, { situation, budgets: moved ? await budgetsOf(ports, situation) : budgets });
}

/** All budgets of the image's slice, opened where they are new. */
async function budgetsOf({ table }: ClaimPorts, { image: { slice } }: Situation): Promise<Budget[]> {
  return await Promise.all(slice.lines.map((line) => openBudget(table, line, periodFor(line, slice))));
}

/** Budgets that nobody needs anything of are never tight. */
async function tightOnes({ table }: ClaimPorts, budgets: readonly Budget[], take: Amounts): Promise<Budget[]> {
  const looked = await Promise.all(
    budgets.map(async (budget) => {
      const amount = take[budget.line.kind];
      if (amount === 0) return { budget, roomy: true };
      const forOne = !budget.exact && isRoomy(budget.availableMicros, 1, amount) && leavesLastTenth(budget, amount);
      if (!forOne) return { budget, roomy: false };
      const instances = await instancesUnder(table, budget.scope);
      return { budget, roomy: isRoomy(budget.availableMicros, instances, amount) };
    }),
  );
  return looked.filter(({ roomy }) => !roomy).map(({ budget }) => budget);
}

/** Exact first, then looking: a slice cut in between is impossible. Whether there was anything to do. */
async function settleExact({ table }: ClaimPorts, tight: readonly Budget[], { image }: Situation): Promise<boolean> {
  for (const { line, period, exact, swept } of tight) {
    if (!exact) await makeExact(table, line, period);
    if (swept) continue;
    await callBack(table, { line, period, except: image });
    await markSwept(table, line, period);
  }
  return tight.some(({ exact, swept }) => !exact || !swept);
}

type Looked = { readonly situation: Situation; readonly budgets: readonly Budget[] };

async function claimExactly(ports: ClaimPorts, want: Claim, { situation, budgets }: Looked): Promise<Step> {
  const { wish, image } = situation;
  const need = lacking(image.slice, wish.spec);
  const poor = budgets.find(
    ({ line, availableMicros }) => needOf(need, line.kind) && availableMicros < need[line.kind],
  );
  if (poor) return await refuseBroke(ports, want, { situation, poor, need });
  const full = limited(image.slice.lines, sliceOf({ ...image, day: { ...image.day, runs: 1 } }, wish.spec));
  const thin = budgets.find((one) => isThrottled(one, image, { slot: wish.slot, amount: full[one.line.kind] }));
  if (thin) return await transact(ports, want, await refuse(ports, situation, 'throttled'));
  const ops = [claimOp(ports, situation, { take: need, exact: true }), ...takeOps(image.slice, need, 'exactly')];
  return await transact(ports, want, { ops, refused: null });
}

const needOf = (need: Amounts, kind: Kind): boolean => need[kind] > 0;

type Broke = { readonly situation: Situation; readonly poor: Budget; readonly need: Amounts };

/** True at the moment of the write: the budget has less than is lacking, and every idle slice cut from it is home. */
async function refuseBroke(ports: ClaimPorts, want: Claim, broke: Broke): Promise<Step> {
  const { slice } = broke.situation.image;
  const rest = limited(slice.lines, inSlice(slice));
  const refused = await refusalOp(ports, broke.situation, 'budget_reached');
  // It was asked for all the same: the emergency limit counts what was attempted.
  const closing = { ...refused, add: { ...refused.add, rm: broke.situation.wish.spec.holdMicros } };
  const op: Update = isNothing(rest) ? closing : { ...closing, set: { ...closing.set, ...sliceEmpty(slice.lines) } };
  const returned = returnOpsOf(slice, rest).filter(({ key }) => !isKeyOf(broke, key));
  return await transact(ports, want, { ops: [op, ...returned, brokeOp(broke, rest)], refused: 'budget_reached' });
}

function isKeyOf({ poor }: Broke, { pk, sk }: { readonly pk: string; readonly sk: string }): boolean {
  const key = budgetKeyFor(poor.line, poor.period);
  return key.pk === pk && key.sk === sk;
}

/** Says of the budget what refuses, gives it the own rest, and notes that somebody was refused. */
function brokeOp({ poor, need }: Broke, rest: Amounts): Op {
  const { line, period, full } = poor;
  const key = budgetKeyFor(line, period);
  const back = rest[line.kind];
  const broke: Condition[] = [
    { attr: 'available', op: '<', value: need[line.kind] },
    { attr: 'swept', op: '=', value: true },
  ];
  if (back === 0 && full) return { op: 'check', key, if: broke };
  return {
    op: 'update',
    key,
    if: broke,
    ...(full ? {} : { set: { full: true } }),
    ...(back ? { add: { available: back } } : {}),
  };
}
