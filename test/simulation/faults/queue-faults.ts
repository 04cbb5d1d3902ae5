/** F6 to F12 and F17: what queues do to messages, and the event source on the way to the function. */
import type { QueueName } from '../../../infra/topology.ts';
import { tickSlot } from '../../../shared/domain/run.ts';
import type { Queue } from '../../../shared/ports/queue.ts';
import { unavailable } from './asks.ts';
import type { Fault } from './fault.ts';
import { newTick } from './scheduler-faults.ts';

const QUEUES: readonly QueueName[] = ['runs', 'work', 'revenue'];
const DAY = 86_400_000;
const POISON: readonly unknown[] = [
  'not a message at all',
  { v: 1, kind: 'tick' },
  { v: 1, kind: 'tick', agentId: '../../etc', instance: 0, scheduledFor: 'tomorrow' },
  { v: 1, kind: 'request', requestId: 7, hop: 99 },
  [[[[null]]]],
];

export const QUEUE_FAULTS: readonly Fault[] = [
  {
    ...{
      id: 'F6',
      name: 'a queue delivers a message twice',
      keeps: ['once', 'provider', 'ledger', 'decided'],
      times: 5,
    },
    strikes({ cloud, throws, notes }) {
      const queue = cloud.queues[throws.pick(QUEUES)];
      const messages = queue.messages();
      if (messages.length === 0) return false;
      const message = throws.pick(messages);
      const body = JSON.stringify(message);
      if (notes.get('poison')?.includes(body)) notes.get('poison')?.push(body);
      void (queue as Queue<unknown>).send(message);
      return true;
    },
  },
  {
    ...{ id: 'F7', name: 'a queue delivers in another order', keeps: ['once', 'ledger', 'follows'] },
    async strikes({ cloud }) {
      const depths = await Promise.all(Object.values(cloud.queues).map((queue) => queue.depth()));
      if (!depths.some(({ visible }) => visible > 1)) return false;
      cloud.disorder = true;
      return true;
    },
  },
  {
    ...{ id: 'F8', name: 'a message becomes visible while its worker lives', keeps: ['fenced', 'once', 'provider'] },
    async strikes({ cloud, platform, throws }) {
      const held = cloud.machines.alive().flatMap((machine) => platform.inHand.get(machine) ?? []);
      if (held.length === 0) return false;
      const { queue, deliveries } = throws.pick(held);
      for (const { receipt } of deliveries) await cloud.queues[queue].giveBack(receipt, 0);
      return true;
    },
  },
  {
    ...{ id: 'F9', rare: true, name: 'a message cannot be deleted', keeps: ['once', 'ended'] },
    meets: {
      chance: 0.15,
      fits: ({ about }) => about.port === 'queue' && about.verb === 'delete',
      strike: (ask, { cloud }) => cloud.machines.refuse(ask, unavailable('the queue does not answer')),
    },
  },
  {
    ...{ id: 'F10', name: 'a message that nobody can read', keeps: ['ended'] },
    strikes(play) {
      const body = play.throws.pick(POISON);
      play.note('poison', JSON.stringify(body));
      void (play.cloud.queues[play.throws.pick(QUEUES)] as Queue<unknown>).send(body);
      return true;
    },
    async check({ cloud, notes }) {
      const dead = await Promise.all(Object.values(cloud.queues).map((queue) => queue.deadLetters(1_000)));
      const countIn = (bodies: readonly string[], body: string): number => bodies.filter((one) => one === body).length;
      const buried = dead.flat().map(({ body }) => body);
      const sent = notes.get('poison') ?? [];
      const wrong = sent.find((body) => countIn(buried, body) !== countIn(sent, body));
      return wrong === undefined
        ? null
        : `${wrong} was sent ${countIn(sent, wrong)} times, put aside ${countIn(buried, wrong)}`;
    },
  },
  {
    ...{ id: 'F11', name: 'dead letters of thirteen days are delivered again', keeps: ['once', 'ended'], times: 1 },
    strikes(play) {
      const { cloud, platform } = play;
      const since = cloud.clock.now() - 13 * DAY;
      for (let k = 0; k < 12; k++) {
        const tick = newTick(play.throws.pick(['ada', 'eve', 'cyd']), since + k * 600_000 + 1);
        play.note('stale', `${tick.agentId}.0.${tickSlot(Date.parse(tick.scheduledFor))}`);
        platform.tick(tick);
      }
      for (const tick of platform.ticks.slice(-20)) cloud.send('runs', tick);
      return true;
    },
    check({ cloud, notes }) {
      const ran = (notes.get('stale') ?? []).filter((run) => cloud.books.provider.runs.has(run));
      return ran.length > 0 ? `${ran.join()} has run after thirteen days` : null;
    },
  },
  {
    ...{ id: 'F12', name: 'some messages of a batch fail', keeps: ['ledger', 'once', 'ended'] },
    async strikes({ people, platform }) {
      for (let sale = 0; sale < 8; sale++) await people.pay();
      platform.failing = 3;
      return (await platform.poll('revenue')) >= 4;
    },
  },
  {
    ...{
      id: 'F17',
      rare: true,
      name: 'the function is throttled: messages are received and not worked on',
      keeps: ['ended', 'once'],
    },
    async strikes({ cloud, throws }) {
      const queue = cloud.queues[throws.pick(QUEUES)];
      const deliveries = await queue.receive({ max: 5, waitSeconds: 0 });
      for (const { receipt } of deliveries) await queue.giveBack(receipt, 30);
      return deliveries.length > 0;
    },
  },
];
