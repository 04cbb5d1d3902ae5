/** A command is a value: what it takes, what it does with a world, how its answer looks. Nothing here prints or exits. */
import type { Json } from '../shared/domain/agent.ts';
import type { Actor } from '../shared/domain/audit.ts';
import type { Admin } from '../shared/ports/admin.ts';
import type { World } from '../shared/ports/world.ts';
import type { Fields, ValuesOf } from './fields.ts';
import type { Style } from './render/style.ts';
import type { Terminal } from './terminal.ts';

/** Where a command is carried out. */
export type Place = {
  readonly kind: 'engine' | 'directory' | 'stage';
  /** The engine's kind, or aws. */
  readonly engine: string;
  /** The address of the local front; null where there is none. */
  readonly url: string | null;
  readonly mailUrl: string | null;
  /** Epoch milliseconds since when the engine runs. */
  readonly startedAt: number | null;
};

/** The ports that commands use; a schedule or a mail is the engine's business, which acts on what they change. */
export type CommandWorld = Pick<
  World,
  | ('settings' | 'publicUrl' | 'time' | 'ids' | 'hashing' | 'log' | 'table' | 'policy')
  | ('runs' | 'revenue' | 'work' | 'secrets' | 'roots' | 'stripe' | 'gumroad')
>;

/** What a command that `needs: 'world'` works with: the same in the engine, on its data directory and on a stage. */
export type Reach = {
  readonly world: CommandWorld;
  readonly admin: Admin;
  readonly actor: Actor;
  readonly place: Place;
};

/** What a command that needs no world works with: this machine and the person in front of it. */
export type Here = {
  /** The data directory, absolute. */
  readonly home: string;
  /** null: this machine. */
  readonly stage: string | null;
  readonly actor: Actor;
  readonly terminal: Terminal;
  readonly json: boolean;
  /** Aborted by Ctrl-C. */
  readonly interrupted: AbortSignal;
};

type Described<A extends Fields, O extends Fields, V> = {
  /** '' for a command without a noun, like `nova start`. */
  readonly noun: string;
  readonly verb: string;
  readonly summary: string;
  /** What a person should know before using it. */
  readonly detail?: string;
  readonly args: A;
  readonly options: O;
  /** Whole command lines; each must parse. */
  readonly examples: readonly string[];
  render(value: V, style: Style): string;
  /** The exit code of an answer that is no error; 0 when absent. */
  exit?(value: V): number;
};

type NoFields = Readonly<Record<never, never>>;

type WorldCommand<A extends Fields, O extends Fields, P extends Fields, V> = Described<A, O, V> & {
  readonly needs: 'world';
  /** What `prepare` adds: it reaches the world, and cannot be typed where a process list would show it. */
  readonly prepared?: P;
  /** Answers in front of the person when the input needs no world at all; null when it does. */
  offline?(input: ValuesOf<A & O>, here: Here): Promise<V> | null;
  /** Done in front of the person before the world is asked: prompts, standard input, files. */
  prepare?(input: ValuesOf<A & O>, here: Here): Promise<ValuesOf<A & O & P>>;
  run(input: ValuesOf<A & O & P>, reach: Reach): Promise<V>;
  /** Done in front of the person with the answer: a file is written here, wherever the world is. */
  finish?(value: V, input: ValuesOf<A & O>, here: Here): Promise<void>;
};

type HereCommand<A extends Fields, O extends Fields, V> = Described<A, O, V> & {
  readonly needs: 'none';
  run(input: ValuesOf<A & O>, here: Here): Promise<V>;
};

/** Values by the names of args and options, read and checked by their fields. */
export type Input = Readonly<Record<string, unknown>>;

export type AnyWorldCommand = Described<Fields, Fields, Json> & {
  readonly needs: 'world';
  readonly prepared?: Fields;
  offline?(input: Input, here: Here): Promise<Json> | null;
  prepare?(input: Input, here: Here): Promise<Input>;
  run(input: Input, reach: Reach): Promise<Json>;
  finish?(value: Json, input: Input, here: Here): Promise<void>;
};
export type AnyHereCommand = Described<Fields, Fields, Json> & {
  readonly needs: 'none';
  run(input: Input, here: Here): Promise<Json>;
};
export type Command = AnyWorldCommand | AnyHereCommand;

/**
 * Checks the types of a definition and gives it the one form that parser, help and engine work with. The cast is safe:
 * an input reaches `run` only through the fields it was typed by, a value reaches `render` only from `run`.
 */
export function worldCommand<A extends Fields, O extends Fields, V extends Json, P extends Fields = NoFields>(
  definition: Omit<WorldCommand<A, O, P, V>, 'needs'>,
): AnyWorldCommand {
  return { ...definition, needs: 'world' } as unknown as AnyWorldCommand;
}

export function hereCommand<A extends Fields, O extends Fields, V extends Json>(
  definition: Omit<HereCommand<A, O, V>, 'needs'>,
): AnyHereCommand {
  return { ...definition, needs: 'none' } as unknown as AnyHereCommand;
}

/** `agent deploy`, or `start`. */
export function nameOf(command: Pick<Command, 'noun' | 'verb'>): string {
  return command.noun ? `${command.noun} ${command.verb}` : command.verb;
}
