/** The engine's side of a command: the same code that the CLI would run itself, with the engine's world. */
import type { Json } from '../shared/domain/agent.ts';
import { messageOf, NovaError } from '../shared/domain/error.ts';
import type { Reach } from './command.ts';
import { isJsonObject } from './fields.ts';
import { runAllowed } from './gate.ts';
import { checkInput } from './parse.ts';
import { findCommand } from './registry.ts';

/** A person on this machine; parts of the system do not come this way. */
const ACTOR = /^cli:[A-Za-z0-9._@\\-]{1,64}$/;

export type ControlAnswer =
  | { readonly value: Json }
  | { readonly error: { readonly code: string; readonly message: string } };

/**
 * Carries out `{command: [noun, verb], input, actor}`. The caller has checked the token. Never rejects: what is thrown
 * becomes `{error: {code, message}}`.
 */
export async function answerControl(body: unknown, opened: Omit<Reach, 'actor'>): Promise<ControlAnswer> {
  try {
    if (!isJsonObject(body) || !Array.isArray(body.command)) throw new NovaError('bad_input', 'expected a command');
    const actor = String(body.actor);
    if (!ACTOR.test(actor)) throw new NovaError('bad_input', `an actor is cli:<user>; got "${actor}"`);
    const [noun = '', verb = ''] = body.command.map(String);
    const command = await findCommand(noun, verb);
    if (command?.needs !== 'world') throw new NovaError('bad_input', `the engine has no command "${noun} ${verb}"`);
    const input = checkInput(command, isJsonObject(body.input) ? body.input : {});
    return { value: await runAllowed(command, input, { ...opened, actor }) };
  } catch (thrown) {
    return { error: { code: thrown instanceof NovaError ? thrown.code : 'broken', message: messageOf(thrown) } };
  }
}
