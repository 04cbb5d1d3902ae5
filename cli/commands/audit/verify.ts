import { auditedEntities, verifyEntity } from '../../../shared/store/audit-verify.ts';
import { worldCommand } from '../../command.ts';
import { count, defaulting, text } from '../../fields.ts';
import { blocks } from '../../render/details.ts';
import { table } from '../../render/table.ts';
import { plural } from '../../render/words.ts';

export const command = worldCommand({
  noun: 'audit',
  verb: 'verify',
  summary: 'prove that no record was changed, removed or added',
  detail:
    'Every chain is followed from its first record to its head; a changed byte is found. Exit code 1 when one is.',
  args: { entity: text('only this one: agent:shop, budget:fleet …', 'kind:id') },
  options: {
    days: defaulting(count('how many days back to look for decisions and approvals', { min: 1, max: 3660 }), 30),
  },
  examples: ['nova audit verify', 'nova audit verify agent:shop --json', 'nova audit verify --days 365'],
  async run({ entity, days }, { world }) {
    const entities = entity === undefined ? await auditedEntities(world, days) : [entity];
    const proofs = await Promise.all(entities.map((one) => verifyEntity(world, one)));
    const faults = proofs.flatMap(({ entity: id, fault }) =>
      fault ? [{ id, seq: fault.seq, problem: fault.problem }] : [],
    );
    const records = proofs.reduce((sum, proof) => sum + proof.records, 0);
    return { id: entity ?? 'audit', valid: faults.length === 0, entities: entities.length, records, faults };
  },
  render: ({ valid, entities, records, faults }, style) =>
    blocks(
      valid
        ? style.paint('green', `valid: ${plural(records, 'record')} of ${plural(entities, 'entity', 'entities')}`)
        : style.paint('red', `changed: ${plural(faults.length, 'chain')} of ${entities} cannot be proved`),
      table(
        faults,
        [
          { title: 'ENTITY', value: ({ id }) => id, min: 12 },
          { title: 'RECORD', value: ({ seq }) => String(seq), align: 'right' },
          { title: 'PROBLEM', value: ({ problem }) => problem, min: 20 },
        ],
        style,
        '',
      ),
    ),
  exit: ({ valid }) => (valid ? 0 : 1),
});
