/** F28 to F31 and F46 to F48: those who decide, stop, approve and ask, all at once. */
import type { Fault } from './fault.ts';
import { newTick } from './scheduler-faults.ts';

const isPending = (play: Parameters<NonNullable<Fault['strikes']>>[0]) =>
  [...play.cloud.table.items()].find(
    ({ pk, sk, status }) => pk.startsWith('APPROVAL#') && sk === 'A' && status === 'pending',
  );

export const CONTROL_FAULTS: readonly Fault[] = [
  {
    ...{ id: 'F28', name: 'two decision passes at once', keeps: ['decided', 'trail'] },
    async strikes({ platform }) {
      await platform.wake('evaluate-agents');
      await platform.wake('evaluate-agents');
      return true;
    },
  },
  {
    ...{ id: 'F29', name: 'a kill while a run goes on', keeps: ['killed', 'money', 'provider'] },
    async strikes({ cloud, people, throws }) {
      const held = [...cloud.table.items()].filter(({ pk, ho }) => pk.startsWith('FLEET#') && ho !== undefined);
      if (held.length === 0) return false;
      const [agentId = ''] = throws.pick(held).sk.split('#');
      await people.kill(throws.chance(0.3) ? 'fleet' : `agent:${agentId}`);
      return true;
    },
  },
  {
    ...{ id: 'F30', name: 'a kill and a scaling up at once', keeps: ['killed', 'follows'] },
    async strikes({ cloud, people, throws }) {
      const ada = cloud.table.get({ pk: 'AGENTS', sk: 'ada' });
      const both = [() => people.scale('ada', Number(ada?.instances ?? 1) + 1), () => people.kill('department:shop')];
      if (throws.chance(0.5)) both.reverse();
      for (const one of both) await one();
      return true;
    },
  },
  {
    ...{ id: 'F31', name: 'an agent that crashes again and again', keeps: ['cooling', 'money', 'once'], times: 1 },
    strikes(play) {
      for (let k = 0; k < 8; k++) play.platform.tick(newTick('bob', play.cloud.clock.now() - k * 1_000 - 7));
      return true;
    },
    /** It never succeeds: until a person resumes it, it trips once. */
    check({ cloud, counts, watch }) {
      const trips = cloud.mails.filter(
        ({ dedupKey }) => dedupKey.startsWith('crash:bob:000:') || dedupKey.startsWith('crash:bob:0:'),
      );
      const keys = new Set(trips.map(({ dedupKey }) => dedupKey));
      return !counts.has('F25') && keys.size > 1 + watch.forgiven ? `${keys.size} mails of one limit` : null;
    },
  },
  {
    ...{
      id: 'F46',
      rare: true,
      name: 'an approval, its expiry and a kill at once',
      keeps: ['decided', 'killed', 'trail'],
    },
    async strikes(play) {
      if (!isPending(play)) {
        await play.people.propose();
        await play.pass(5_000);
      }
      const pending = isPending(play);
      if (!pending) return false;
      const { cloud, platform, people, throws } = play;
      if (throws.chance(0.75)) {
        // A second before its end, or two minutes after it, when nobody has looked yet.
        const late = throws.chance(0.6);
        play.note('jumped', 'to the end of an approval');
        cloud.clock.set(Math.max(cloud.clock.now(), Number(pending.expiresAt) + (late ? 120_000 : -1_000)));
        if (late) platform.delaySweep(600_000);
        await platform.due();
      }
      const three = [() => people.press(), () => platform.wake('sweep'), () => people.kill('agent:ada')];
      let answered = false;
      while (three.length > 0) {
        const done = await three.splice(throws.below(three.length), 1)[0]?.();
        answered ||= done === true;
        cloud.clock.advance(throws.below(1_500));
      }
      return answered;
    },
  },
  {
    ...{ id: 'F47', rare: true, name: 'a secret is rotated while it is in use', keeps: ['ended'] },
    // Once: it is read anew every thirty seconds at most.
    times: 1,
    strikes({ cloud, counts, steps }) {
      const about = {
        v: 1,
        kind: 'notify',
        subject: 'a word',
        text: 'to the owner',
        dedupKey: `word:${steps}`,
      } as const;
      cloud.send('work', about);
      // Somebody must have the old one in hand.
      const before = cloud.notes.lastMailAt;
      if (before === null || cloud.clock.now() - before > 240_000) return false;
      cloud.keys.mail = `key-${(counts.get('F47') ?? 0) + 2}`;
      return true;
    },
  },
  {
    ...{ id: 'F48', name: 'a request hands itself on and on', keeps: ['hops', 'ended'], times: 1 },
    async strikes(play) {
      const { platform, people, cloud } = play;
      const isLast = ({ message }: (typeof cloud.sent)[number]): boolean =>
        message.kind === 'request' && message.hop >= 10;
      if (cloud.sent.some(isLast)) return true;
      if (!platform.hurries) {
        platform.hurries = true;
        await people.request('ada', 26);
      }
      await play.pass(90_000);
      return cloud.sent.some(isLast);
    },
    /** Who has come to the last hop with runs left is told of, once however often it rests. */
    check({ cloud, alone }) {
      for (const { id, restedAt } of [...cloud.table.items()].filter(({ pk }) => pk.startsWith('REQUEST#'))) {
        const times = cloud.mails.filter(({ dedupKey }) => dedupKey === `hops:${String(id)}`).length;
        if (restedAt !== undefined && times === 0) return `request ${String(id)} rests, and nobody was told`;
        if (alone && times > 1) return `that request ${String(id)} rests was told ${times} times`;
      }
      return null;
    },
  },
];
