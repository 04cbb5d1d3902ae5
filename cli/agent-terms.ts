/** What a blueprint says of an agent beside its place: tokens, what may repeat, tools. Absent where there is none. */
import type { AgentSpec } from '../shared/domain/agent.ts';
import type { Blueprint } from '../shared/domain/ctx.ts';

export type Terms = Pick<AgentSpec, 'holdTokens' | 'repeats' | 'tools'>;

export function termsOf(blueprint: Blueprint<unknown>, config: unknown): Terms {
  const { tokens } = blueprint.limits(config);
  const [repeats = [], tools = []] = [blueprint.repeats?.(config), blueprint.tools?.(config)];
  return {
    ...(tokens === undefined ? {} : { holdTokens: tokens }),
    ...(repeats.length === 0 ? {} : { repeats }),
    ...(tools.length === 0 ? {} : { tools }),
  };
}
