import { NovaError } from '../../../shared/domain/error.ts';
import { AUTONOMY_MODES, type PolicyChange } from '../../../shared/domain/policy.ts';
import { changeAutonomy } from '../../../shared/store/autonomy-change.ts';
import { worldCommand } from '../../command.ts';
import { choice, count, usd } from '../../fields.ts';
import { policyView, renderPolicy } from '../../views/policy.ts';

const percent = (summary: string) => count(summary, { min: -100, max: 1_000_000 });

export const command = worldCommand({
  noun: 'autonomy',
  verb: 'set',
  summary: 'what may be decided without you',
  detail:
    'off: nothing is decided. advise: what would be done is recorded. approve: you are asked before everything. auto: what is small and safe is done, you are asked for the rest. What asks people for less (auto, a higher threshold) waits for another operator or the mail, exit code 5, unless you are the only one; then a mail tells you. What is stricter holds at once.',
  args: { mode: choice('the mode', AUTONOMY_MODES) },
  options: {
    mode: choice('the mode', AUTONOMY_MODES),
    minRuns: count('runs before an agent is judged', { min: 1, max: 1_000_000 }),
    scaleRoi: percent('scale up from this ROI, in percent'),
    keepRoi: percent('keep from this ROI, in percent'),
    retireRoi: percent('retire below this ROI, in percent'),
    approvalAbove: usd('ask when a decision adds more than so many dollars a day'),
    passkeyAbove: usd('ask for a passkey when more than so many dollars a day are at stake'),
    twoPeopleAbove: usd('ask two people when more than so many dollars a day are at stake'),
    twoPeopleDelay: count('seconds in which they can still call it off', { min: 0, max: 604_800 }),
    maxInstances: count('never scale an agent beyond', { min: 1, max: 50 }),
    reserveFloor: count('hold back for refunds at least, in percent of recent revenue', { min: 0, max: 100 }),
    reserveDays: count('days in which a sale may be taken back', { min: 1, max: 365 }),
    cooldown: count('seconds between two decisions about one agent', { min: 0, max: 2_592_000 }),
    runawayInput: count('slow an agent down after so many paid runs given the same, 0 never', { min: 0, max: 42 }),
    runawayOutcome: count('the same after so many that ended the same, 0 never', { min: 0, max: 42 }),
    runawaySpend: count('the same when runs cost so many times its own mean, 0 never', { min: 0, max: 1_000 }),
    runawayPace: count('the same when ticks come so many times too fast, 0 never', { min: 0, max: 1_000 }),
    runawayAbove: usd('only when such runs have cost so many dollars'),
  },
  examples: [
    'nova autonomy set auto',
    'nova autonomy set --mode advise',
    'nova autonomy set --passkey-above 100 --two-people-above 500',
    'nova autonomy set --approval-above 20 --min-runs 50',
  ],
  async run(input, { world, actor }) {
    const change = changeOf(input);
    if (Object.keys(change).length === 0) {
      throw new NovaError('bad_input', `expected a mode (${AUTONOMY_MODES.join(', ')}) or a setting to change`);
    }
    const { policy, decision } = await changeAutonomy(world, change, actor);
    return { ...policyView(policy), approvalId: decision?.approvalId ?? null, waiting: { ...decision?.evidence } };
  },
  exit: ({ approvalId }) => (approvalId === null ? 0 : 5),
  render: ({ approvalId, waiting, ...policy }, style) =>
    approvalId === null
      ? renderPolicy(policy, style)
      : [
          ...Object.entries(waiting).map(([name, change]) => `${name}: ${change}`),
          `it waits for approval ${approvalId}: by the mail, or by another operator`,
        ].join('\n'),
});

type Settings = {
  readonly mode: PolicyChange['mode'] | undefined;
  readonly minRuns: number | undefined;
  readonly scaleRoi: number | undefined;
  readonly keepRoi: number | undefined;
  readonly retireRoi: number | undefined;
  readonly approvalAbove: number | undefined;
  readonly passkeyAbove: number | undefined;
  readonly twoPeopleAbove: number | undefined;
  readonly twoPeopleDelay: number | undefined;
  readonly maxInstances: number | undefined;
  readonly reserveFloor: number | undefined;
  readonly reserveDays: number | undefined;
  readonly cooldown: number | undefined;
  readonly runawayInput: number | undefined;
  readonly runawayOutcome: number | undefined;
  readonly runawaySpend: number | undefined;
  readonly runawayPace: number | undefined;
  readonly runawayAbove: number | undefined;
};

function changeOf({
  mode,
  minRuns,
  scaleRoi,
  keepRoi,
  retireRoi,
  approvalAbove,
  passkeyAbove,
  twoPeopleAbove,
  twoPeopleDelay,
  maxInstances,
  reserveFloor,
  reserveDays,
  cooldown,
  ...runaway
}: Settings): PolicyChange {
  return {
    ...runawayChange(runaway),
    ...(mode === undefined ? {} : { mode }),
    ...(minRuns === undefined ? {} : { minRuns }),
    ...(scaleRoi === undefined ? {} : { scaleRoiBps: scaleRoi * 100 }),
    ...(keepRoi === undefined ? {} : { keepRoiBps: keepRoi * 100 }),
    ...(retireRoi === undefined ? {} : { retireRoiBps: retireRoi * 100 }),
    ...(approvalAbove === undefined ? {} : { approvalImpactMicros: approvalAbove }),
    ...(passkeyAbove === undefined ? {} : { passkeyAboveMicros: passkeyAbove }),
    ...(twoPeopleAbove === undefined ? {} : { twoPeopleAboveMicros: twoPeopleAbove }),
    ...(twoPeopleDelay === undefined ? {} : { twoPeopleDelaySeconds: twoPeopleDelay }),
    ...(maxInstances === undefined ? {} : { maxInstances }),
    ...(reserveFloor === undefined ? {} : { reserveFloorBps: reserveFloor * 100 }),
    ...(reserveDays === undefined ? {} : { reserveDays }),
    ...(cooldown === undefined ? {} : { cooldownSeconds: cooldown }),
  };
}

type Runaway = 'runawayInput' | 'runawayOutcome' | 'runawaySpend' | 'runawayPace' | 'runawayAbove';

function runawayChange({
  runawayInput,
  runawayOutcome,
  runawaySpend,
  runawayPace,
  runawayAbove,
}: Pick<Settings, Runaway>) {
  return {
    ...(runawayInput === undefined ? {} : { runawayInputRuns: runawayInput }),
    ...(runawayOutcome === undefined ? {} : { runawayOutcomeRuns: runawayOutcome }),
    ...(runawaySpend === undefined ? {} : { runawaySpendFactor: runawaySpend }),
    ...(runawayPace === undefined ? {} : { runawayPaceFactor: runawayPace }),
    ...(runawayAbove === undefined ? {} : { runawayMinMicros: runawayAbove }),
  };
}
