import { MAX_INSTANCES } from '../../../shared/domain/agent.ts';
import { SCHEDULE_OPTIONS } from '../../agent-schedule.ts';
import { worldCommand } from '../../command.ts';
import { COMPUTE_OPTIONS } from '../../compute.ts';
import { deploy } from '../../deploy.ts';
import { choice, config, count, defaulting, flag, needed, text, usd } from '../../fields.ts';
import { plural, usdOf } from '../../render/words.ts';

export const command = worldCommand({
  noun: 'agent',
  verb: 'deploy',
  summary: 'make an agent from a blueprint; it is active at once, unless the gate is asked',
  detail:
    'Its id is made from its name and used once, for ever. Without a schedule it runs when asked (nova run now). nova blueprint show tells what the config may hold. With --expected-roi it starts as a draft: below 150 % it is refused, above $50 a day you are asked (exit code 5), else it is started.',
  args: { blueprint: needed(text('the blueprint, see nova blueprint list', 'blueprint')) },
  options: {
    name: text('its name (default: that of the blueprint)', 'name'),
    department: text('the cost centre (default: that of the blueprint)', 'name'),
    ...SCHEDULE_OPTIONS,
    config: defaulting(config('what the blueprint needs to know'), {}),
    budgetDay: usd('the most it may spend per day'),
    instances: defaulting(count('how many work at the same time', { min: 1, max: MAX_INSTANCES }), 1),
    overlap: defaulting(choice('a tick during a run is left out, or waits', ['skip', 'wait']), 'skip'),
    crashLimit: count('crashes in a row before it cools down (default 5)', { min: 1, max: 100 }),
    expectedRoi: count('ask the gate: the ROI it promises, in percent', { min: -100, max: 1_000_000 }),
    sandbox: flag('an experiment: not counted as production'),
    ...COMPUTE_OPTIONS,
  },
  examples: [
    'nova agent deploy web.watch --name prices --config url=https://example.com,selector=h1 --schedule "rate(1 hour)"',
    'nova agent deploy store.digital --name shop --department sales --budget-day 5 --config @shop.json',
    `nova agent deploy lab.scripted --name winner --config '{"outcomes":[{"ok":true,"costUsd":"0.10","revenueUsd":"0.50"}]}'`,
    'nova agent deploy web.watch --name scout --expected-roi 200 --schedule "rate(1 day)" --config @watch.json',
    'nova agent deploy lab.scripted --compute fargate --cpu 1 --memory 2048 --spot --timeout 7200 --config @long.json',
    'nova agent deploy lab.scripted --compute fargate --continuous --rest 30 --instances 3 --config @steady.json',
    "nova agent deploy web.watch --config @watch.json --schedule 'cron(0 9 ? * MON-FRI *)' --timezone Europe/Berlin",
  ],
  run: (input, reach) => deploy(input, reach),
  exit: ({ gate }) => (gate?.status === 'awaiting_approval' ? 5 : 0),
  render: ({ id, status, instances, schedule, continuous, budget, gate }) => {
    if (gate?.status === 'awaiting_approval')
      return `${id} waits for your approval: ${gate.why}; see nova approval list`;
    if (status === 'draft' && !gate)
      return `${id} is a draft, because the kill switch is on; when it is off: nova agent start ${id}`;
    const asked = continuous ? 'without a pause' : `when asked: nova run now ${id}`;
    const when = schedule ? `${schedule.expression} ${schedule.timezone}` : asked;
    return `${id} is active: ${plural(instances, 'instance')}, ${usdOf(budget.limitMicros)} a day; it runs ${when}`;
  },
});
