/** Before a command touches the world: may this person do this? One door for the engine, its directory and a stage. */
import type { Json } from '../shared/domain/agent.ts';
import { NovaError } from '../shared/domain/error.ts';
import { judged, refusalOf } from '../shared/store/authorize.ts';
import { type AnyWorldCommand, type Input, nameOf, type Reach } from './command.ts';

/**
 * While the rules cannot be asked, nothing new is done; but who reaches the workspace may look at what matters, and stop.
 */
const WITHOUT_RULES: ReadonlySet<string> = new Set([
  ...['status', 'agent:list', 'agent:show', 'queue:list', 'policy:show', 'policy:eval'],
  ...['audit:list', 'audit:show', 'audit:verify', 'audit:why', 'audit:export', 'compliance:report', 'compliance:check'],
  ...['agent:pause', 'killswitch:on', 'killswitch:status', 'halt'],
]);

/** What the rules call a command: `agent:retire`, `status`. */
export const actionOf = (command: Pick<AnyWorldCommand, 'noun' | 'verb'>): string => nameOf(command).replace(' ', ':');

/** @throws NovaError denied, with the reasons of the rules; and whatever the command throws. */
export async function runAllowed(command: AnyWorldCommand, input: Input, reach: Reach): Promise<Json> {
  const action = actionOf(command);
  const resource = { kind: command.noun || 'workspace', id: typeof input.id === 'string' ? input.id : '' };
  const verdict = await judged(reach.world, { actor: reach.actor, action, resource, attributes: flagsOf(input) });
  if (verdict.effect !== 'allow' && !(verdict.trouble && WITHOUT_RULES.has(action))) {
    throw new NovaError('denied', `${reach.actor} may not ${nameOf(command)}: ${refusalOf(verdict)}`);
  }
  return command.run(input, reach);
}

/** `--repair`, `--all`: a flag can make another thing of a command. What else was typed may be private, and stays away. */
function flagsOf(input: Input): Readonly<Record<string, boolean>> {
  return Object.fromEntries(
    Object.entries(input).filter((field): field is [string, boolean] => typeof field[1] === 'boolean'),
  );
}
