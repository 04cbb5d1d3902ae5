import { readFileSync } from 'node:fs';
import type { JsonObject } from '../../../shared/domain/agent.ts';
import { messageOf, NovaError } from '../../../shared/domain/error.ts';
import type { PolicySettings } from '../../../shared/domain/policy-rules.ts';
import { basisOf, currentRules } from '../../../shared/store/rules-store.ts';
import { worldCommand } from '../../command.ts';
import { config, defaulting, isJsonObject, text } from '../../fields.ts';
import { policyCases } from '../../policy-words.ts';
import { plural } from '../../render/words.ts';

/** The table that comes with the rules. */
const OWN_TABLE = new URL('../../../policies/cases.json', import.meta.url);

export const command = worldCommand({
  noun: 'policy',
  verb: 'test',
  summary: 'put a table of cases to the rules in force, in process or on the OPA server',
  detail:
    'Without a file the cases that come with the system (policies/cases.json): own rules may rightly answer some of them otherwise. Exit code 1 when a case fails.',
  args: { file: text('a table of cases of your own', 'file') },
  options: {},
  prepared: { table: defaulting(config('the cases'), {}) },
  examples: ['nova policy test', 'nova policy test my-cases.json --json'],
  prepare: async (input) => ({ ...input, table: tableIn(input.file) }),
  async run({ table }, { world }) {
    const { rulesSha256 } = await currentRules(world.table);
    const failed: { name: string; expected: string; got: string }[] = [];
    const cases = policyCases(table);
    const trial = world.ids.ulid();
    for (const [index, { name, question, settings, effect, reason }] of cases.entries()) {
      // Broken settings are cases as well: the rules themselves must refuse them. A version of its own for each, because
      // verdicts are remembered by version.
      const tried = { ...settings, version: `${trial}.${index}` } as unknown as PolicySettings;
      const basis = basisOf(world.table, tried, rulesSha256);
      const verdict = await world.policy.evaluate(question, basis);
      const right = verdict.effect === effect && (reason === null || verdict.reasons.includes(reason));
      if (!right) failed.push({ name, expected: effect, got: `${verdict.effect}: ${verdict.reasons.join('; ')}` });
    }
    return {
      id: 'policy-test',
      engine: world.policy.name,
      cases: cases.length,
      passed: cases.length - failed.length,
      failed,
    };
  },
  exit: ({ failed }) => (failed.length > 0 ? 1 : 0),
  render: ({ engine, passed, failed }, style) =>
    [
      ...failed.map(({ name, expected, got }) => style.paint('red', `${name}: expected ${expected}, got ${got}`)),
      `${plural(passed, 'case')} passed, ${failed.length} failed (${engine})`,
    ].join('\n'),
});

function tableIn(file: string | undefined): JsonObject {
  try {
    const read: unknown = JSON.parse(readFileSync(file ?? OWN_TABLE, 'utf8'));
    if (isJsonObject(read)) return read;
  } catch (thrown) {
    throw new NovaError('bad_input', `the cases cannot be read: ${messageOf(thrown)}`, { cause: thrown });
  }
  throw new NovaError('bad_input', 'the cases are no JSON object');
}
