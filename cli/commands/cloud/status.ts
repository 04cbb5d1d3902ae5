import { stackStates } from '../../../shared/aws/account.ts';
import { checkLines, stageOf } from '../../cloud.ts';
import { accountChecks, type CloudCheck, stackNames, stageChecks } from '../../cloud-checks.ts';
import { type Here, hereCommand } from '../../command.ts';
import { openStageWorld } from '../../worlds.ts';

export const command = hereCommand({
  noun: 'cloud',
  verb: 'status',
  summary: 'how a stage stands on AWS, and what is still to be set',
  detail:
    'Credentials, quotas, stacks, secrets, and whether SendGrid knows the sender. Exit code 1 when something failed.',
  args: {},
  options: {},
  examples: ['nova --stage prod cloud status', 'nova --stage prod cloud status --json'],
  async run(_input, here) {
    const stage = stageOf(here);
    const account = await accountChecks(stage);
    const lost = account.some(({ id, status }) => id === 'credentials' && status === 'failed');
    const stacks = lost ? [] : await stackStates(stackNames(stage));
    const deployed = stacks.length > 0 && stacks.every(({ status }) => status !== null);
    const checks = deployed ? [...account, ...(await checksOf(here, stage))] : account;
    const shown = stacks.map(({ name, status, changedAt }) => ({
      name,
      status,
      changedAt: changedAt === null ? null : new Date(changedAt).toISOString(),
    }));
    return { id: stage, deployed, healthy: !checks.some(({ status }) => status === 'failed'), stacks: shown, checks };
  },
  render: ({ id, deployed, checks }, style) =>
    [
      checkLines(checks, style),
      '',
      deployed
        ? `${id} is deployed`
        : isKnown(checks)
          ? `${id} is not deployed: nova --stage ${id} cloud deploy`
          : `whether ${id} is deployed could not be seen`,
    ].join('\n'),
  exit: ({ healthy }) => (healthy ? 0 : 1),
});

const isKnown = (checks: readonly CloudCheck[]): boolean =>
  checks.some(({ id, status }) => id === 'credentials' && status === 'ok');

async function checksOf(here: Here, stage: string): Promise<CloudCheck[]> {
  const { world, admin } = await openStageWorld(here, stage);
  return stageChecks(world, await admin.secrets.names());
}
