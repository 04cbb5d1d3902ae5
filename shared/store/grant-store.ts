/** A yes is used up in the transaction of what it allows: it still stands at that moment, and stands once. */
import type { Decision } from '../domain/decision.ts';
import type { Op } from '../ports/table.ts';
import { approvalKey } from './keys.ts';

/** Nothing where nobody had to be asked. */
export function useGrantOps({ approvalId, actionHash }: Pick<Decision, 'approvalId' | 'actionHash'>, at: number): Op[] {
  if (approvalId === null) return [];
  return [
    {
      op: 'update',
      key: approvalKey(approvalId),
      if: [
        { attr: 'status', op: '=', value: 'approved' },
        { attr: 'actionHash', op: '=', value: actionHash },
        { attr: 'grantUsedAt', op: 'missing' },
      ],
      set: { grantUsedAt: at },
    },
  ];
}
