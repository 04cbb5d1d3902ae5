/**
 * The blueprints there are. To add your own: write shared/blueprints/<name>.ts that exports `blueprint`, and one line
 * here. The list is explicit because a bundle can only carry what it sees imported; a test finds a forgotten line.
 * A file is called like its blueprint, with a dash for the first dot: `web.watch` lives in web-watch.ts.
 */
import type { Blueprint } from '../domain/ctx.ts';
import { NovaError } from '../domain/error.ts';

type BlueprintFile = { readonly blueprint: Blueprint<unknown> };

const BLUEPRINTS: ReadonlyMap<string, () => Promise<BlueprintFile>> = new Map([
  ['lab.scripted', (): Promise<BlueprintFile> => import('./lab-scripted.ts')],
  ['store.digital', (): Promise<BlueprintFile> => import('./store-digital.ts')],
  ['web.watch', (): Promise<BlueprintFile> => import('./web-watch.ts')],
]);

/** All names, sorted. Loads nothing. */
export function blueprintNames(): readonly string[] {
  return [...BLUEPRINTS.keys()].sort();
}

/**
 * Loads one blueprint's file.
 * @throws NovaError not_found naming those that exist.
 */
export async function loadBlueprint(name: string): Promise<Blueprint<unknown>> {
  const load = BLUEPRINTS.get(name);
  if (!load) throw new NovaError('not_found', `no blueprint "${name}"; there are: ${blueprintNames().join(', ')}`);
  return (await load()).blueprint;
}
