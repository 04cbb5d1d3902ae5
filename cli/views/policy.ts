import type { AutonomyMode, DecisionPolicy } from '../../shared/domain/policy.ts';
import { details } from '../render/details.ts';
import type { Style } from '../render/style.ts';
import { durationOf, plural, roiOf, usdOf } from '../render/words.ts';

export type PolicyView = Omit<DecisionPolicy, 'approvalImpactMicros'> & {
  readonly id: 'autonomy';
  readonly approvalAboveMicrosPerDay: number;
};

export function policyView({ approvalImpactMicros, ...policy }: DecisionPolicy): PolicyView {
  return { id: 'autonomy', ...policy, approvalAboveMicrosPerDay: approvalImpactMicros };
}

const MEANING: Readonly<Record<AutonomyMode, string>> = {
  off: 'nothing is decided',
  advise: 'what would be done is recorded, nothing is done',
  approve: 'you are asked before everything',
  auto: 'what is small and safe is done; you are asked for the rest',
};

export function renderPolicy(policy: PolicyView, style: Style): string {
  return details(
    `autonomy: ${policy.mode}`,
    [
      ['means', MEANING[policy.mode]],
      ['judged after', plural(policy.minRuns, 'run')],
      ['scale up from', `ROI ${roiOf(policy.scaleRoiBps)}, success ${roiOf(policy.scaleSuccessBps)}`],
      ['keep from', `ROI ${roiOf(policy.keepRoiBps)}, success ${roiOf(policy.keepSuccessBps)}`],
      ['retire below', `ROI ${roiOf(policy.retireRoiBps)}`],
      ['ask above', `${usdOf(policy.approvalAboveMicrosPerDay)} a day`],
      ['passkey above', `${usdOf(policy.passkeyAboveMicros)} a day`],
      [
        'two people above',
        `${usdOf(policy.twoPeopleAboveMicros)} a day, effective after ${durationOf(policy.twoPeopleDelaySeconds * 1000)}`,
      ],
      ['at most', plural(policy.maxInstances, 'instance')],
      ['held back', `at least ${roiOf(policy.reserveFloorBps)} of ${plural(policy.reserveDays, 'day')} of revenue`],
      ['cooldown', durationOf(policy.cooldownSeconds * 1000)],
    ],
    style,
  );
}
