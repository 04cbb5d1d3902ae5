import type { Blueprint } from '../../shared/domain/ctx.ts';

export type BlueprintView = {
  readonly id: string;
  readonly version: number;
  readonly department: string;
  readonly description: string;
  /** What its config may hold: name → sentence. */
  readonly config: Readonly<Record<string, string>>;
};

export function blueprintView(blueprint: Blueprint<unknown>): BlueprintView {
  const { name, version, department, description, configHelp } = blueprint;
  return { id: name, version, department, description, config: { ...configHelp } };
}
