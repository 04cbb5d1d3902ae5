import { tableNow } from '../../../shared/aws/account.ts';
import { contextWords, requireCaller, runCdk, stageOf } from '../../cloud.ts';
import { stackNames } from '../../cloud-checks.ts';
import { hereCommand } from '../../command.ts';

export const command = hereCommand({
  noun: 'cloud',
  verb: 'diff',
  summary: 'what a deploy would change, and which rights it would widen',
  detail: 'The differences go to standard error as the CDK prints them. Changes nothing.',
  args: {},
  options: {},
  examples: ['nova --stage prod cloud diff'],
  async run(_input, here) {
    const stage = stageOf(here);
    await requireCaller();
    await runCdk(here, ['diff', ...stackNames(stage), ...contextWords(stage, { table: await tableNow(stage) })]);
    return { id: stage, stacks: [...stackNames(stage)] };
  },
  render: ({ stacks }) => `compared ${stacks.join(' and ')}; the differences stand above`,
});
