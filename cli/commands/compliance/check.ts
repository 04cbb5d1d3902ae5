import { worldCommand } from '../../command.ts';
import { complianceOf } from '../../compliance.ts';
import { count, defaulting } from '../../fields.ts';
import { table } from '../../render/table.ts';

export const command = worldCommand({
  noun: 'compliance',
  verb: 'check',
  summary: 'only what is wrong: promises of the register that do not hold',
  detail: 'For a pipeline: exit code 1 when a promise is broken, else 0. nova compliance report tells the rest.',
  args: {},
  options: { days: defaulting(count('how many days of the trail are proved', { min: 1, max: 366 }), 30) },
  examples: ['nova compliance check', 'nova compliance check --days 90 --json'],
  async run({ days }, reach) {
    const { verdict, met, partlyMet, notMet, controls } = await complianceOf(reach, days);
    const findings = controls
      .filter(({ owner, problems }) => owner !== null && problems.length > 0)
      .flatMap(({ id, owner, problems }) => problems.map((problem) => ({ id, owner: owner ?? '', problem })));
    return { id: 'compliance', verdict, met, partlyMet, notMet, findings };
  },
  render: ({ verdict, findings }, style) =>
    table(
      findings,
      [
        { title: 'CONTROL', value: ({ id }) => id },
        { title: 'OWNER', value: ({ owner }) => owner, dropOrder: 1 },
        { title: 'PROBLEM', value: ({ problem }) => problem, min: 20 },
      ],
      style,
      `${verdict}: every promise of the register holds`,
    ),
  exit: ({ verdict }) => (verdict === 'FAIL' ? 1 : 0),
});
