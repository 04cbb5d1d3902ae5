/** F40 and F41: the new beside the old: configs, messages and items of other versions. */
import { changeSpec } from '../../../shared/store/respec-store.ts';
import type { Fault } from './fault.ts';
import type { Play } from './play.ts';
import { OPERATOR } from './stage.ts';

const NEWER: readonly unknown[] = [
  { v: 2, kind: 'tick', agentId: 'ada', instance: 0, at: 1 },
  { v: 1, kind: 'from-tomorrow', agentId: 'ada' },
];

async function deploys({ cloud, throws }: Play): Promise<void> {
  const agentId = throws.pick(['ada', 'eve', 'cyd', 'dot']);
  await cloud.start('operator', (world) =>
    changeSpec(
      world,
      agentId,
      (spec) => ({ ...spec, config: { ...spec.config, callMs: 1_000 + throws.below(20_000) } }),
      { actor: OPERATOR, why: 'a new version' },
    ).catch(() => undefined),
  );
}

export const VERSION_FAULTS: readonly Fault[] = [
  {
    ...{ id: 'F40', name: 'a deployment in the middle of runs; messages of a newer version', times: 3 },
    keeps: ['once', 'money', 'ended', 'follows'],
    async strikes(play) {
      if (play.throws.chance(0.5)) {
        await deploys(play);
        return true;
      }
      const body = play.throws.pick(NEWER);
      play.note('poison', JSON.stringify(body));
      void play.cloud.queues[play.throws.pick(['runs', 'work'] as const)].send(body as never);
      return true;
    },
  },
  {
    ...{
      id: 'F41',
      name: 'items carry what a newer version wrote, after a rollback',
      keeps: ['once', 'money', 'follows'],
    },
    strikes(play) {
      const kinds = ['FLEET#', 'AGENTS', 'DECISION#', 'APPROVAL#', 'BUDGET#', 'REQUEST#'];
      const items = [...play.cloud.table.items()].filter(({ pk }) => kinds.some((kind) => pk.startsWith(kind)));
      const { pk, sk } = play.throws.pick(items);
      play.cloud.table.write({ op: 'update', key: { pk, sk }, set: { zz: 'from tomorrow' } });
      play.note('newer', `${pk}\n${sk}`);
      return true;
    },
    check({ cloud, notes, counts }) {
      if (counts.has('F25')) return null;
      const lost = (notes.get('newer') ?? []).filter((name) => {
        const [pk = '', sk = ''] = name.split('\n');
        return cloud.table.get({ pk, sk })?.zz !== 'from tomorrow';
      });
      return lost.length > 0 ? `${lost[0]} was replaced as a whole` : null;
    },
  },
];
