import { tableNow } from '../../../shared/aws/account.ts';
import { contextWords, requireReady, runCdk, stageOf } from '../../cloud.ts';
import { stackNames } from '../../cloud-checks.ts';
import { currency, email, zone } from '../../cloud-fields.ts';
import { hereCommand } from '../../command.ts';
import { flag, text } from '../../fields.ts';

export const command = hereCommand({
  noun: 'cloud',
  verb: 'deploy',
  summary: 'bring a stage to AWS, or to the version in this folder',
  detail:
    'Looks first: credentials, region, quotas, bootstrap, stacks that are stuck. Then bundles, synthesizes with all checks, and deploys the data stack before the work stack. New or wider rights are shown and asked for unless --yes. Runs in progress end on the old version; messages of old versions are read. What is not given here stands in cdk.json.',
  args: {},
  options: {
    owner: email('who is asked and told'),
    sender: email('who mails come from, verified at SendGrid'),
    timezone: zone('the zone of days and budgets'),
    currency: currency('three letters'),
    table: text('the table to work on: one that nova backup adopt made ready; stays so', 'name'),
    yes: flag('do not ask before wider rights: for pipelines'),
  },
  examples: [
    'nova --stage prod cloud deploy --owner you@your.org --sender nova@your.org --timezone Europe/Berlin',
    'nova --stage test cloud deploy --yes --json',
  ],
  async run({ owner, sender, timezone, currency, table: wanted, yes }, here) {
    const stage = stageOf(here);
    await requireReady(here);
    const table = wanted ?? (await tableNow(stage));
    const choices = { table, ownerEmail: owner, senderEmail: sender, timezone, currency };
    const ask = yes ? 'never' : 'broadening';
    const words = ['deploy', ...stackNames(stage), '--require-approval', ask, '--progress', 'events'];
    await runCdk(here, [...words, ...contextWords(stage, choices)]);
    return { id: stage, stacks: [...stackNames(stage)], status: 'deployed' };
  },
  render: ({ id }, style) =>
    [
      `${style.paint('green', 'deployed')} ${id}`,
      `next: nova --stage ${id} cloud status (what is still to be set), then nova --stage ${id} agent deploy …`,
    ].join('\n'),
});
