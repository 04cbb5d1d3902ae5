/** The verbs that change one agent, or all of those they concern. */
import type { Agent } from '../shared/domain/agent.ts';
import type { AgentChange } from '../shared/domain/agent-change.ts';
import { messageOf, NovaError } from '../shared/domain/error.ts';
import { closeAdmission } from '../shared/jobs/close-admission.ts';
import { changeAgent, listAgents } from '../shared/store/agent-store.ts';
import { theAgent } from './agents.ts';
import type { Reach } from './command.ts';
import { flag, text } from './fields.ts';
import { membersOf } from './fleet.ts';
import type { Style } from './render/style.ts';
import { plural } from './render/words.ts';
import { type AgentView, agentView, statusText } from './views/agent.ts';

export const WHOM = { id: text('the id of the agent', 'id') };
export const HOW = {
  all: flag('every agent that this concerns'),
  why: text('the reason, for the audit trail', 'sentence'),
};

export type ChangeInput = {
  readonly id: string | undefined;
  readonly all: boolean;
  readonly why: string | undefined;
};

export type Bulk = {
  readonly change: AgentChange;
  /** Whom `--all` means. */
  readonly concerns: (agent: Agent) => boolean;
};

export type ChangeView =
  | AgentView
  | {
      readonly id: 'all';
      readonly changed: readonly string[];
      readonly refused: readonly { readonly id: string; readonly message: string }[];
    };

const DEFAULT_WHY = 'asked for on the command line';

/** @throws NovaError bad_input unless exactly one of id and --all is given; not_found; conflict. */
export async function changeOneOrAll(reach: Reach, input: ChangeInput, bulk: Bulk): Promise<ChangeView> {
  const { id, all } = input;
  if ((id === undefined) === !all) throw new NovaError('bad_input', 'expected the id of an agent, or --all');
  return id === undefined ? changeAll(reach, input, bulk) : changeOne(reach, { id, why: input.why }, bulk.change);
}

export async function changeOne(
  { world, actor }: Reach,
  { id, why }: { readonly id: string; readonly why: string | undefined },
  change: AgentChange,
): Promise<AgentView> {
  await theAgent(world, id);
  const changed = await changeAgent(world, id, change, { actor, why: why ?? DEFAULT_WHY });
  await closeAdmission(world, changed);
  return viewOf(world, changed);
}

/** One as it stands now. */
export async function viewOf(world: Reach['world'], agent: Agent): Promise<AgentView> {
  const [member] = await membersOf(world, [agent]);
  if (!member) throw new RangeError('one agent in, none out');
  return agentView(member);
}

async function changeAll({ world, actor }: Reach, { why }: ChangeInput, bulk: Bulk): Promise<ChangeView> {
  const changed: string[] = [];
  const refused: { id: string; message: string }[] = [];
  for (const { id } of (await listAgents(world.table)).filter(bulk.concerns)) {
    try {
      await closeAdmission(world, await changeAgent(world, id, bulk.change, { actor, why: why ?? DEFAULT_WHY }));
      changed.push(id);
    } catch (thrown) {
      if (!(thrown instanceof NovaError)) throw thrown;
      refused.push({ id, message: messageOf(thrown) });
    }
  }
  return { id: 'all', changed, refused };
}

const isBulk = (view: ChangeView): view is Extract<ChangeView, { id: 'all' }> => 'changed' in view;

export function renderChange(view: ChangeView, style: Style): string {
  if (!isBulk(view)) return `${view.id} is ${statusText(view)}`;
  const done = `${plural(view.changed.length, 'agent')} changed${view.changed.length > 0 ? `: ${view.changed.join(', ')}` : ''}`;
  return [done, ...view.refused.map(({ id, message }) => style.paint('red', `${id}: ${message}`))].join('\n');
}

/** Something was refused: exit code 5, though the others are changed. */
export const exitOfChange = (view: ChangeView): number => (isBulk(view) && view.refused.length > 0 ? 5 : 0);
