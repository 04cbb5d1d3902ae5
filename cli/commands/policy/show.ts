import { NovaError } from '../../../shared/domain/error.ts';
import type { PolicyRules } from '../../../shared/domain/policy-rules.ts';
import { openDecisions } from '../../../shared/store/decision-store.ts';
import { currentPolicy } from '../../../shared/store/policy-store.ts';
import { currentRules, rulesOfVersion } from '../../../shared/store/rules-store.ts';
import type { Reach } from '../../command.ts';
import { worldCommand } from '../../command.ts';
import { count } from '../../fields.ts';
import { type RulesView, renderRules } from '../../views/rules.ts';

export const command = worldCommand({
  noun: 'policy',
  verb: 'show',
  summary: 'who may do what, and what is done without you: the settings in force',
  detail:
    'The rules themselves are Rego, in policies/. Thresholds of decisions: nova autonomy set. These settings: edit the "settings" of --json in a file, and nova policy apply.',
  args: {},
  options: { of: count('the settings as they were in this version', { min: 0, max: 1_000_000 }) },
  examples: ['nova policy show', 'nova policy show --of 3 --json'],
  async run({ of }, reach) {
    const rules =
      of === undefined ? await currentRules(reach.world.table) : await rulesOfVersion(reach.world.table, of);
    if (!rules) throw new NovaError('not_found', `the policy has no version ${of}`);
    return viewOf(reach, rules);
  },
  render: (view, style) => renderRules(view, { ...view.settings, version: 0, rulesSha256: view.rulesSha256 }, style),
});

async function viewOf({ world }: Reach, rules: PolicyRules): Promise<RulesView> {
  const [policy, open] = await Promise.all([currentPolicy(world.table), openDecisions(world.table)]);
  const { version, rulesSha256, ...settings } = rules;
  const waiting = open.find(({ kind }) => kind === 'policy_change');
  return {
    id: 'policy',
    version: `${policy.version}.${version}`,
    engine: world.policy.name,
    ...{ rulesSha256, mode: policy.mode, approvalAboveMicrosPerDay: policy.approvalImpactMicros, settings },
    waiting: waiting ? `${waiting.why} (nova approval show ${waiting.approvalId})` : null,
  };
}
