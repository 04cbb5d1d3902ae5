import { caller } from '../../../shared/aws/account.ts';
import { requireCaller, runCdk } from '../../cloud.ts';
import { hereCommand } from '../../command.ts';

export const command = hereCommand({
  noun: 'cloud',
  verb: 'bootstrap',
  summary: 'prepare an account and region for deploys, once',
  detail:
    'Makes the CDK’s own stack: a bucket and roles that deploys go through. Takes the credentials and the region that the AWS SDK finds.',
  args: {},
  options: {},
  examples: ['nova cloud bootstrap', 'nova cloud bootstrap --json'],
  async run(_input, here) {
    await requireCaller();
    const { account, region } = await caller();
    await runCdk(here, ['bootstrap', `aws://${account}/${region}`]);
    return { id: 'bootstrap', account, region };
  },
  render: ({ account, region }, style) =>
    `${style.paint('green', 'ready')} ${account} in ${region}: now nova --stage prod cloud deploy`,
});
