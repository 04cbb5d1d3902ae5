/** Whether one more task fits into the fleet. Asked by whoever has claimed and not launched yet. */
import type { Instance } from '../domain/instance.ts';
import { FAMILY_NAMES, isTaskHolder, MAX_FLEET_TASKS } from '../domain/task.ts';
import type { World } from '../ports/world.ts';
import { listFleet } from './instance-store.ts';
import { agentsPk } from './keys.ts';
import { queryAll } from './query-all.ts';

type Ports = Pick<World, 'table' | 'launcher'>;

/**
 * Most fleets could not have too many tasks if they wanted to, and pay one query. In others what ECS lists counts, and
 * every run that is claimed for a task and not listed yet, in the order of the claims: they are written before this is
 * asked and read back strongly, so of any number who ask at once as many get a place as there are. (A claim that was
 * written later than one with a younger clock may get one too many; its money is held all the same.)
 */
export async function hasRoom(
  { table, launcher }: Ports,
  mine: Pick<Instance, 'agentId' | 'number'>,
  { again }: { readonly again: boolean },
): Promise<boolean> {
  const agents = (await queryAll(table, { pk: agentsPk })).filter(({ compute }) => compute !== undefined);
  const wanted = agents.reduce((sum, { instances }) => sum + Number(instances ?? 0), 0);
  if (wanted <= MAX_FLEET_TASKS) return true;
  const ids = new Set(agents.map(({ sk }) => sk));
  const [listed, fleet] = await Promise.all([
    Promise.all(FAMILY_NAMES.map((family) => launcher.listTasks(family))),
    listFleet(table),
  ]);
  const tasks = listed.flat().map(({ environment }) => environment);
  const seen = new Set(
    tasks.map((of) => nameOf({ agentId: of.NOVA_TASK_AGENT ?? '', number: Number(of.NOVA_TASK_INSTANCE) })),
  );
  if (again && seen.has(nameOf(mine))) return true;
  const claimed = fleet
    .filter(({ agentId, number, run }) => run !== null && ids.has(agentId) && !seen.has(nameOf({ agentId, number })))
    .sort((a, b) => orderOf(a) - orderOf(b) || compare(nameOf(a), nameOf(b)));
  const before = claimed.findIndex((one) => nameOf(one) === nameOf(mine));
  return tasks.length + before < MAX_FLEET_TASKS;
}

const nameOf = ({ agentId, number }: Pick<Instance, 'agentId' | 'number'>): string => `${agentId}#${number}`;
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
/** Who has a task already is first. */
const orderOf = ({ run }: Instance): number => (run === null || isTaskHolder(run.holder) ? 0 : run.startedAt);
