/** The world before anything goes wrong: deployed by the real stores, reconciled by the real jobs; made once, and copied. */

import { dice } from '../../../shared/memory/dice.ts';
import type { WantedSchedule } from '../../../shared/ports/outside.ts';
import type { Item } from '../../../shared/ports/table.ts';
import { changeAgent } from '../../../shared/store/agent-store.ts';
import { adoptZone } from '../../../shared/store/calendar-store.ts';
import { deployAgent } from '../../../shared/store/deploy-store.ts';
import { setLimit } from '../../../shared/store/limit-store.ts';
import { changePolicy } from '../../../shared/store/policy-store.ts';
import { CAST } from './cast.ts';
import { Cloud } from './cloud.ts';
import { Platform } from './platform.ts';
import { CALL_MICROS } from './script.ts';

export const OPERATOR = 'cli:alice';
type Stage = { readonly items: readonly Item[]; readonly schedules: ReadonlyMap<string, WantedSchedule> };

const stages = new Map<number, Promise<Stage>>();

/** By how much money there is: in runs of ada. */
export function stageOf(runs: number): Promise<Stage> {
  const known = stages.get(runs) ?? make(runs);
  stages.set(runs, known);
  return known;
}

async function make(runs: number): Promise<Stage> {
  const cloud = new Cloud(0, dice(0), {});
  const platform = new Platform(cloud);
  platform.agentTicks = false;
  await cloud.start('setup', async (world) => {
    await adoptZone(world);
    for (const agent of CAST) await deployAgent(world, agent, OPERATOR);
    await setLimit(world, { scope: 'fleet', limitMicros: 5 * runs * CALL_MICROS, throttled: false }, OPERATOR);
    for (const { name } of CAST)
      await setLimit(
        world,
        { scope: `agent:${name}`, limitMicros: 2 * runs * CALL_MICROS, throttled: false },
        OPERATOR,
      );
    const quick = { minRuns: 1, cooldownSeconds: 60, approvalImpactMicros: 20_000_000, crashRateMinRuns: 200 };
    await changePolicy(world, { mode: 'auto', ...quick }, OPERATOR);
  });
  await calm(platform);
  await cloud.start('setup', (world) =>
    changeAgent(world, 'zed', { status: 'retired' }, { actor: OPERATOR, why: 'nobody needs it' }),
  );
  await calm(platform);
  return { items: [...cloud.table.items()], schedules: cloud.schedules };
}

/** Works off whatever can be done now, without a fault. */
export async function calm(platform: Platform): Promise<void> {
  const { machines } = platform.cloud;
  for (;;) {
    const ask = machines.pick();
    if (ask) await machines.answer(ask);
    else if ((await platform.poll('work')) + (await platform.poll('runs')) + (await platform.poll('revenue')) === 0)
      return;
  }
}
