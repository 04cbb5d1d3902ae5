/** What could go wrong all the same, what stands against it, and what was decided about the rest. */
import type { ControlId } from './annex.ts';

export type RiskRow = {
  readonly id: string;
  readonly what: string;
  readonly level: 'LOW' | 'MEDIUM' | 'HIGH' | 'CRITICAL';
  readonly state: 'OPEN' | 'MITIGATED' | 'ACCEPTED' | 'CLOSED';
  readonly controls: readonly ControlId[];
  readonly owner: 'admin' | 'approver' | 'operator';
  readonly reviewBy: string;
};

const REVIEW = '2027-11-20';
const row = (
  id: string,
  level: RiskRow['level'],
  state: RiskRow['state'],
  rest: Omit<RiskRow, 'id' | 'level' | 'state' | 'reviewBy'>,
): RiskRow => ({
  ...{ id, level, state, reviewBy: REVIEW },
  ...rest,
});

export const RISKS: readonly RiskRow[] = [
  row('R1', 'CRITICAL', 'MITIGATED', {
    what: 'An agent spends more than it was allowed.',
    ...{ controls: ['8.6', '5.26'], owner: 'operator' },
  }),
  row('R2', 'CRITICAL', 'MITIGATED', {
    what: 'A machine, or somebody else, says yes in the place of the owner.',
    ...{ controls: ['5.3', '8.5', '5.17'], owner: 'approver' },
  }),
  row('R3', 'HIGH', 'MITIGATED', {
    what: 'Records of what happened are changed afterwards.',
    ...{ controls: ['5.33', '5.28', '8.15'], owner: 'admin' },
  }),
  row('R4', 'HIGH', 'MITIGATED', {
    what: 'What an agent reads makes it act against its owner.',
    ...{ controls: ['8.2', '8.23'], owner: 'operator' },
  }),
  row('R5', 'HIGH', 'MITIGATED', {
    what: 'A secret of a vendor leaks.',
    ...{ controls: ['5.17', '8.12'], owner: 'admin' },
  }),
  row('R6', 'MEDIUM', 'ACCEPTED', {
    what: 'Whoever reads the mailbox of the owner can say yes to what a code may move.',
    ...{ controls: ['8.5'], owner: 'admin' },
  }),
  row('R7', 'MEDIUM', 'OPEN', {
    what: 'Data cannot be brought back in time, because nobody has tried.',
    ...{ controls: ['8.13'], owner: 'operator' },
  }),
  row('R8', 'MEDIUM', 'MITIGATED', {
    what: 'A package that the system is built from turns bad.',
    ...{ controls: ['5.21', '8.19'], owner: 'operator' },
  }),
];
