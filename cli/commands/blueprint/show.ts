import { loadBlueprint } from '../../../shared/blueprints/registry.ts';
import { hereCommand } from '../../command.ts';
import { needed, text } from '../../fields.ts';
import { blocks, details } from '../../render/details.ts';
import { blueprintView } from '../../views/blueprint.ts';

export const command = hereCommand({
  noun: 'blueprint',
  verb: 'show',
  summary: 'what a blueprint does and what its config may hold',
  args: { name: needed(text('the name of the blueprint', 'name')) },
  options: {},
  examples: ['nova blueprint show web.watch', 'nova blueprint show lab.scripted --json'],
  run: async ({ name }) => blueprintView(await loadBlueprint(name)),
  render: ({ id, version, department, description, config }, style) =>
    blocks(
      details(
        id,
        [
          ['version', String(version)],
          ['department', department],
          ['what', description],
        ],
        style,
      ),
      details('Config', Object.entries(config), style),
    ),
});
