import { readEmergency, setEmergencyLimit } from '../../../shared/store/emergency-store.ts';
import { worldCommand } from '../../command.ts';
import { flag, usd } from '../../fields.ts';
import { usdOf } from '../../render/words.ts';

export const command = worldCommand({
  noun: 'killswitch',
  verb: 'limit',
  summary: 'how much may be attempted in a day before the switch trips by itself',
  detail:
    'Attempted is what was spent, what is held, and what was refused for its money. Unless it is set it is half as much again as the daily budget of the fleet: $150 against $100. The owner is warned at 90 %.',
  args: { usd: usd('dollars a day, like 150') },
  options: { automatic: flag('follow the daily budget again') },
  examples: ['nova killswitch limit', 'nova killswitch limit 150', 'nova killswitch limit --automatic --json'],
  async run({ usd: limitMicros, automatic }, { world, actor }) {
    if (limitMicros !== undefined || automatic) {
      await setEmergencyLimit(world, automatic ? null : (limitMicros ?? null), actor);
    }
    const { effectiveMicros, limitMicros: own } = await readEmergency(world.table);
    return { id: 'emergency', limitMicros: effectiveMicros, automatic: own === null };
  },
  render: ({ limitMicros, automatic }) =>
    `the kill switch trips at ${usdOf(limitMicros)} of attempted spending a day${automatic ? ' (from the daily budget)' : ''}`,
});
