/** Reading and spoiling templates, for the assertions of our own. */
import { type Resource, resources, type Template } from '../synthesized.ts';

export type Stacks = { readonly data: Template; readonly work: Template };
type Path = readonly (string | number)[];

/** One way to break a template, which the assertion must see. */
export type Wrong =
  | { readonly add: Omit<Resource, 'id'> }
  /** At the first resource of that type; undefined takes it away. */
  | { readonly type: string; readonly path: Path; readonly value: unknown };

export type OwnAssertion = {
  readonly name: string;
  /** The resources, of both stacks, that break it. */
  readonly breaks: (stacks: Stacks) => readonly Resource[];
  readonly wrong: readonly Wrong[];
};

export const all = ({ data, work }: Stacks, ...types: readonly string[]): readonly Resource[] => [
  ...resources(data, ...types),
  ...resources(work, ...types),
];

/** What stands at a path below the properties; undefined where there is no such place. */
export const at = ({ Properties }: Resource, ...path: Path): unknown =>
  path.reduce<unknown>((found, key) => (found as Record<string | number, unknown> | undefined)?.[key], Properties);

export const list = (value: unknown): readonly Record<string, unknown>[] =>
  Array.isArray(value) ? (value as readonly Record<string, unknown>[]) : [];

export const text = (value: unknown): string => JSON.stringify(value) ?? '';

/** Whether a value names this resource. */
export const names = (value: unknown, { id }: Resource): boolean => text(value).includes(`"${id}"`);

export const statementsOf = (resource: Resource): readonly Record<string, unknown>[] =>
  ['PolicyDocument', 'AssumeRolePolicyDocument', 'KeyPolicy'].flatMap((name) => list(at(resource, name, 'Statement')));

export const containersOf = (resource: Resource): readonly Record<string, unknown>[] =>
  list(at(resource, 'ContainerDefinitions'));

export function spoiled(stacks: Stacks, wrong: Wrong): Stacks {
  const copy = structuredClone(stacks);
  if ('add' in wrong) {
    put(copy.work.Resources, ['Wrong'], wrong.add);
    return copy;
  }
  const [found] = all(copy, wrong.type);
  if (!found) throw new Error(`no ${wrong.type} to spoil`);
  const stack = found.id in copy.data.Resources ? copy.data : copy.work;
  put(stack.Resources, [found.id, ...wrong.path], wrong.value);
  return copy;
}

function put(target: unknown, [key = '', ...rest]: Path, value: unknown): void {
  const here = target as Record<string | number, unknown>;
  if (rest.length > 0) {
    here[key] ??= {};
    put(here[key], rest, value);
  } else if (value === undefined) delete here[key];
  else here[key] = value;
}
