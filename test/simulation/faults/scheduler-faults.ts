/** F1 to F5: what the Scheduler does, and what is changed while its ticks are on their way. */
import { tickSlot } from '../../../shared/domain/run.ts';
import type { TickMessage } from '../../../shared/wire/messages.ts';
import type { Fault } from './fault.ts';
import type { Play } from './play.ts';

const HOUR = 3_600_000;

export function newTick(agentId: string, scheduledFor: number): TickMessage {
  return { v: 1, kind: 'tick', agentId, instance: 0, scheduledFor: new Date(scheduledFor).toISOString() };
}

/** No tick of a schedule has this time of its own. */
const oddMs = (play: Play): number => play.cloud.clock.now() - play.throws.below(50_000) - 1;

export const SCHEDULER_FAULTS: readonly Fault[] = [
  {
    ...{ id: 'F1', name: 'the Scheduler delivers a tick twice', keeps: ['once', 'provider'], times: 4 },
    strikes({ platform, cloud, throws }) {
      if (platform.ticks.length === 0) return false;
      cloud.send('runs', throws.pick(platform.ticks.slice(-8)));
      return true;
    },
  },
  {
    ...{ id: 'F2', name: 'the Scheduler delivers three hours late', keeps: ['once', 'ended'] },
    strikes(play) {
      play.platform.tick(newTick(play.throws.pick(['ada', 'eve']), oddMs(play) - 3 * HOUR));
      return true;
    },
  },
  {
    ...{ id: 'F3', name: 'the Scheduler is down for six hours, then delivers all at once', times: 1 },
    keeps: ['money', 'once', 'ended'],
    async strikes({ platform, cloud, throws }) {
      if (throws.chance(0.5)) return false;
      platform.schedulerUp = false;
      cloud.clock.advance(6 * HOUR);
      await platform.due();
      platform.schedulerUp = true;
      const owed = platform.owed.splice(0);
      for (const tick of owed) platform.tick(tick);
      return owed.length > 0;
    },
  },
  {
    ...{ id: 'F4', name: 'a tick for an agent that is retired, or paused', keeps: ['once', 'money'] },
    async strikes(play) {
      const { cloud, platform, people, throws } = play;
      if (throws.chance(0.5)) {
        platform.tick(newTick('zed', oddMs(play)));
        return true;
      }
      const tick = newTick('eve', oddMs(play));
      await people.pause('eve', () => play.note('paused', `eve.0.${tickSlot(Date.parse(tick.scheduledFor))}`));
      await play.pass(2_000);
      const [eve] = [...cloud.table.items()].filter(({ pk, sk }) => pk.startsWith('FLEET#') && sk === 'eve#000');
      if (eve?.st !== 'paused' || !play.notes.has('paused')) return false;
      platform.tick(tick);
      await play.pass(2_000);
      const run = `eve.0.${tickSlot(Date.parse(tick.scheduledFor))}`;
      if (cloud.books.provider.runs.has(run)) play.fail(`${run} has run while eve was paused`);
      return true;
    },
    check({ cloud }) {
      const asked = [...cloud.books.provider.runs.keys()].filter((run) => run.startsWith('zed.'));
      return asked.length > 0 ? `${asked.join()} has run` : null;
    },
  },
  {
    ...{ id: 'F5', name: 'a schedule changes while its tick is on its way', keeps: ['once', 'follows'] },
    async strikes(play) {
      const tick = newTick('eve', oddMs(play));
      play.platform.tick(tick);
      await play.people.reschedule('eve', play.throws.pick([15, 20, 30]));
      play.note('in flight', tickSlot(Date.parse(tick.scheduledFor)));
      return true;
    },
  },
];
