import { MAX_INSTANCES } from '../../../shared/domain/agent.ts';
import { worldCommand } from '../../command.ts';
import { deploy } from '../../deploy.ts';
import { choice, config, count, defaulting, flag, needed, text, usd } from '../../fields.ts';
import { plural, usdOf } from '../../render/words.ts';

export const command = worldCommand({
  noun: 'agent',
  verb: 'deploy',
  summary: 'make an agent from a blueprint; it is active at once',
  detail:
    'Its id is made from its name and used once, for ever. Without a schedule it runs when asked (nova run now). nova blueprint show tells what the config may hold.',
  args: { blueprint: needed(text('the blueprint, see nova blueprint list', 'blueprint')) },
  options: {
    name: text('its name (default: that of the blueprint)', 'name'),
    department: text('the cost centre (default: that of the blueprint)', 'name'),
    schedule: text('cron(…), rate(…) or at(…), as EventBridge Scheduler reads them', 'expression'),
    timezone: text("IANA zone of the schedule (default: the owner's)", 'zone'),
    config: defaulting(config('what the blueprint needs to know'), {}),
    budgetDay: usd('the most it may spend per day'),
    instances: defaulting(count('how many work at the same time', { min: 1, max: MAX_INSTANCES }), 1),
    overlap: defaulting(choice('a tick during a run is left out, or waits', ['skip', 'wait']), 'skip'),
    crashLimit: count('crashes in a row before it cools down (default 5)', { min: 1, max: 100 }),
    sandbox: flag('an experiment: not counted as production'),
  },
  examples: [
    'nova agent deploy web.watch --name prices --config url=https://example.com,selector=h1 --schedule "rate(1 hour)"',
    'nova agent deploy store.digital --name shop --department sales --budget-day 5 --config @shop.json',
    `nova agent deploy lab.scripted --name winner --config '{"outcomes":[{"ok":true,"costUsd":"0.10","revenueUsd":"0.50"}]}'`,
    "nova agent deploy web.watch --config @watch.json --schedule 'cron(0 9 ? * MON-FRI *)' --timezone Europe/Berlin",
  ],
  run: (input, reach) => deploy(input, reach),
  render: ({ id, instances, schedule, budget }) => {
    const when = schedule ? `${schedule.expression} ${schedule.timezone}` : `when asked: nova run now ${id}`;
    return `${id} is active: ${plural(instances, 'instance')}, ${usdOf(budget.limitMicros)} a day; it runs ${when}`;
  },
});
