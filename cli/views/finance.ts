import { UNATTRIBUTED_ID } from '../../shared/domain/ledger.ts';
import type { AgentMoney, Span } from '../finance.ts';
import type { Style } from '../render/style.ts';
import type { Column } from '../render/table.ts';
import { usdOf } from '../render/words.ts';

export const spanText = ({ period, from, to, timezone }: Span): string =>
  from === null ? 'since the beginning' : `${period}: ${from === to ? to : `${from} to ${to}`} (${timezone})`;

export const nameText = (id: string): string => (id === UNATTRIBUTED_ID ? '(unattributed)' : id);

export const spanLine = (span: Span, style: Style): string => style.paint('dim', spanText(span));

const money = (title: string, pick: (one: AgentMoney) => number, dropOrder?: number): Column<AgentMoney> => ({
  title,
  value: (one) => usdOf(pick(one)),
  align: 'money',
  ...(dropOrder === undefined ? {} : { dropOrder }),
});

export const WHO: Column<AgentMoney> = { title: 'AGENT', value: ({ id }) => nameText(id), min: 10 };
export const DEPARTMENT: Column<AgentMoney> = { title: 'DEPARTMENT', value: ({ id }) => nameText(id), min: 10 };
export const RUNS: Column<AgentMoney> = { title: 'RUNS', value: ({ runs }) => String(runs), align: 'right' };
export const COST = money('COST', ({ costMicros }) => costMicros);
export const REVENUE = money('REVENUE', ({ revenueMicros }) => revenueMicros);
export const REFUNDS = money('REFUNDS', ({ refundMicros }) => refundMicros, 2);
export const FEES = money('FEES', ({ feeMicros }) => feeMicros, 3);
export const NET = money('NET', ({ netMicros }) => netMicros);
export const PROFIT = money('PROFIT', ({ profitMicros }) => profitMicros);

export const most =
  (pick: (one: AgentMoney) => number) =>
  (a: AgentMoney, b: AgentMoney): number =>
    pick(b) - pick(a) || (a.id < b.id ? -1 : 1);
