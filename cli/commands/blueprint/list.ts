import { blueprintNames, loadBlueprint } from '../../../shared/blueprints/registry.ts';
import { hereCommand } from '../../command.ts';
import { table } from '../../render/table.ts';
import { blueprintView } from '../../views/blueprint.ts';

export const command = hereCommand({
  noun: 'blueprint',
  verb: 'list',
  summary: 'the blueprints an agent can be deployed from',
  args: {},
  options: {},
  examples: ['nova blueprint list', 'nova blueprint list --json'],
  run: () => Promise.all(blueprintNames().map(async (name) => blueprintView(await loadBlueprint(name)))),
  render: (blueprints, style) =>
    table(
      blueprints,
      [
        { title: 'BLUEPRINT', value: ({ id }) => id },
        { title: 'DEPARTMENT', value: ({ department }) => department },
        { title: 'WHAT IT DOES', value: ({ description }) => description, min: 20 },
      ],
      style,
      'there are none',
    ),
});
