import { judged } from '../../../shared/store/authorize.ts';
import { worldCommand } from '../../command.ts';
import { config, defaulting, needed, text } from '../../fields.ts';
import { attributesOf, resourceOf } from '../../policy-words.ts';
import { details } from '../../render/details.ts';
import { evaluationView } from '../../views/rules.ts';

export const command = worldCommand({
  noun: 'policy',
  verb: 'eval',
  summary: 'what the rules say to one question; nothing is done',
  detail:
    'An action is <noun>:<verb>: a command (agent:retire), decision:make, decision:execute, operation:spend or task:run. Exit code 4 unless the answer is allow.',
  args: { action: needed(text('what would be done', 'action')) },
  options: {
    actor: text('who would do it (default: you)', 'kind:name'),
    resource: text('to what', 'kind:id'),
    attributes: defaulting(config('what the rules need to know of it'), {}),
  },
  examples: [
    'nova policy eval agent:retire --resource agent:shop',
    'nova policy eval decision:make --actor system:evaluate-agents --attributes kind=scale_up,costImpactMicrosPerDay=60000000',
    'nova policy eval task:run --actor system:overnight --attributes @task.json --json',
  ],
  async run({ action, actor, resource, attributes }, reach) {
    const asked = {
      actor: actor ?? reach.actor,
      action,
      resource: resourceOf(resource),
      attributes: attributesOf(attributes),
    };
    return evaluationView(action, await judged(reach.world, asked));
  },
  exit: ({ effect }) => (effect === 'allow' ? 0 : 4),
  render: ({ id, effect, reasons, version, rules }, style) =>
    details(
      `${id}: ${effect}`,
      [
        ['because', reasons.join('; ')],
        ['policy', version],
        ['rules', rules],
      ],
      style,
    ),
});
