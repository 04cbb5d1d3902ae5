import { attemptedMicros, isUnder } from '../../../shared/domain/halt.ts';
import { listAgents } from '../../../shared/store/agent-store.ts';
import { momentNow } from '../../../shared/store/calendar-store.ts';
import { readEmergency } from '../../../shared/store/emergency-store.ts';
import { listHalts } from '../../../shared/store/halt-store.ts';
import { listFleet } from '../../../shared/store/instance-store.ts';
import { worldCommand } from '../../command.ts';
import { haltView, scopeOf, WHERE } from '../../halt.ts';
import { wrap } from '../../render/style.ts';
import { plural, usdOf } from '../../render/words.ts';

export const command = worldCommand({
  noun: 'killswitch',
  verb: 'status',
  summary: 'which switches are on, what still runs, how near the emergency limit is',
  args: {},
  options: WHERE,
  examples: ['nova killswitch status', 'nova killswitch status --agent shop --json'],
  async run(where, reach) {
    const { world } = reach;
    const scope = await scopeOf(reach, where);
    const [halts, agents, fleet] = await Promise.all([
      listHalts(world.table),
      listAgents(world.table),
      listFleet(world.table),
    ]);
    const under = new Set(agents.filter((agent) => isUnder(scope, agent)).map(({ id }) => id));
    const { date } = await momentNow(world);
    const { effectiveMicros } = await readEmergency(world.table);
    const switches = halts.filter(({ on }) => on).map(haltView);
    return {
      id: scope,
      on: switches.some(({ id }) => id === scope || id === 'fleet'),
      switches,
      running: fleet
        .filter(({ agentId, run }) => under.has(agentId) && run !== null)
        .map(({ agentId, number }) => `${agentId}#${number}`),
      attemptedMicros: attemptedMicros(fleet, date),
      emergencyLimitMicros: effectiveMicros,
    };
  },
  render(view, style) {
    const { switches, running, attemptedMicros: attempted, emergencyLimitMicros: limit } = view;
    const lines = switches.map(
      ({ id, by, at, reason, stopped, settled }) =>
        `${style.paint('red', 'ON')} ${wrap(
          `for ${id} since ${at} by ${by}${reason ? `: ${reason}` : ''}; ${plural(stopped.length, 'agent')} stopped${settled ? '' : ', still under way'}`,
          style.columns,
          '   ',
        )}`,
    );
    return [
      ...(lines.length > 0 ? lines : ['The kill switch is off.']),
      wrap(
        `${plural(running.length, 'run')} in progress${running.length > 0 ? `: ${running.join(', ')}` : ''}`,
        style.columns,
        '   ',
      ),
      `attempted today: ${usdOf(attempted)}; it trips by itself at ${usdOf(limit)}`,
    ].join('\n');
  },
});
