/**
 * A claim that finds too little in its slice. While every scope has room it cuts a new slice and claims, in one
 * transaction (apart, others would call it back in between). Else the scope becomes exact: idle slices come home, and
 * from there each claim takes what it lacks. So no money idles, and nobody is refused while there is headroom.
 */
import { type Budget, type Scope, scopesOf } from '../domain/budget.ts';
import type { Wish } from '../domain/protocol/judge.ts';
import { isRoomy, lackingMicros, sliceMicros } from '../domain/protocol/slice.ts';
import type { Condition, Op, Update } from '../ports/table.ts';
import { budgetKeyOf, getLimit, makeExact, markSwept, openBudget, returnOp, takeOp } from './budget-store.ts';
import { callBack } from './call-back-store.ts';
import type { Claim, ClaimPorts, Situation, Step } from './claim.ts';
import { claimConditions, runAttrs, transact } from './claim-write.ts';
import { pinned } from './instance-store.ts';
import { instanceKey } from './keys.ts';
import { refusalOp } from './refusal-store.ts';

export async function topUp(ports: ClaimPorts, want: Claim, situation: Situation): Promise<Step> {
  const { wish, image } = situation;
  const slice = sliceMicros(image, wish.spec.holdMicros);
  const tight = await tightScopes(ports, want.agentId, { period: wish.period, slice });
  if (tight.length === 0) {
    const takes = scopesOf(want.agentId).map((scope) => takeOp(scope, wish.period, { micros: slice, slice: true }));
    return await transact(ports, want, {
      ops: [claimOp(ports, situation, { take: slice, exact: false }), ...takes],
      refused: null,
    });
  }
  await settleExact(ports, tight, situation);
  return await claimExactly(ports, want, situation);
}

async function tightScopes(
  { table }: ClaimPorts,
  agentId: string,
  need: { period: string; slice: number },
): Promise<Budget[]> {
  const looked = await Promise.all(
    scopesOf(agentId).map(async (scope) => {
      const budget = await openBudget(table, scope, need.period);
      const { instances } = await getLimit(table, scope);
      return { budget, roomy: !budget.exact && isRoomy(budget.availableMicros, instances, need.slice) };
    }),
  );
  return looked.filter(({ roomy }) => !roomy).map(({ budget }) => budget);
}

/** Exact first, then looking: a slice cut in between is impossible. */
async function settleExact({ table }: ClaimPorts, tight: readonly Budget[], { wish, image }: Situation): Promise<void> {
  for (const { scope, exact, swept } of tight) {
    if (!exact) await makeExact(table, scope, wish.period);
    if (swept) continue;
    await callBack(table, { scope, period: wish.period, except: image });
    await markSwept(table, scope, wish.period);
  }
}

async function claimExactly(ports: ClaimPorts, want: Claim, situation: Situation): Promise<Step> {
  const { wish, image } = situation;
  const scopes = scopesOf(want.agentId);
  const need = lackingMicros(image, wish.spec.holdMicros);
  const budgets = await Promise.all(scopes.map((scope) => openBudget(ports.table, scope, wish.period)));
  const poor = budgets.find(({ availableMicros }) => availableMicros < need);
  if (poor) return await refuseBroke(ports, want, { situation, poor: poor.scope, need });
  const takes = scopes.map((scope) => takeOp(scope, wish.period, { micros: need, slice: false }));
  return await transact(ports, want, {
    ops: [claimOp(ports, situation, { take: need, exact: true }), ...takes],
    refused: null,
  });
}

type Take = { readonly take: number; readonly exact: boolean };

function claimOp(ports: ClaimPorts, { wish, image }: Situation, { take, exact }: Take): Update {
  const set = runAttrs(ports, wish);
  return {
    op: 'update',
    key: instanceKey(image.agentId, image.number),
    if: [...pinned(image), ...claimConditions(wish)],
    set: exact ? { ...set, ex: true } : set,
    add: { f: 1, av: take - wish.spec.holdMicros },
    ...(exact ? {} : { remove: ['ex'] }),
  };
}

type Broke = { readonly situation: Situation; readonly poor: Scope; readonly need: number };

/** True at the moment of the write: the scope has less than is lacking, and every idle slice in it is home. */
async function refuseBroke(ports: ClaimPorts, want: Claim, { situation, poor, need }: Broke): Promise<Step> {
  const { image, wish } = situation;
  const rest = image.slice.availableMicros;
  const closing = await refusalOp(ports, situation, 'budget_reached');
  const op: Update = rest === 0 ? closing : { ...closing, set: { ...closing.set, av: 0 } };
  const ops: Op[] = [op, ...scopesOf(want.agentId).flatMap((scope) => budgetOps({ scope, rest, need, wish, poor }))];
  return await transact(ports, want, { ops, refused: 'budget_reached' });
}

type Home = {
  readonly scope: Scope;
  readonly poor: Scope;
  readonly rest: number;
  readonly need: number;
  readonly wish: Wish;
};

function budgetOps({ scope, poor, rest, need, wish }: Home): Op[] {
  if (scope !== poor) return rest === 0 ? [] : [returnOp(scope, wish.period, rest)];
  const key = budgetKeyOf(scope, wish.period);
  const broke: Condition[] = [
    { attr: 'available', op: '<', value: need },
    { attr: 'swept', op: '=', value: true },
  ];
  return rest === 0 ? [{ op: 'check', key, if: broke }] : [{ op: 'update', key, if: broke, add: { available: rest } }];
}
