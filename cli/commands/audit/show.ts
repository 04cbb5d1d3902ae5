import { NovaError } from '../../../shared/domain/error.ts';
import { auditChain } from '../../../shared/store/audit-store.ts';
import { worldCommand } from '../../command.ts';
import { needed, text } from '../../fields.ts';
import { details } from '../../render/details.ts';
import { longTime } from '../../render/words.ts';
import { auditRecordOf, auditView } from '../../views/audit.ts';

export const command = worldCommand({
  noun: 'audit',
  verb: 'show',
  summary: 'one record, with the hashes that bind it to the one before',
  args: { id: needed(text('the record: what it is about, #, its number', 'kind:id#n')) },
  options: {},
  examples: ['nova audit show agent:shop#1', 'nova audit show budget:fleet#2 --json'],
  async run({ id }, { world }) {
    const [, entity = '', seq = ''] = /^(.+:.+)#(\d+)$/.exec(id) ?? [];
    if (!seq) throw new NovaError('bad_input', `a record is named like agent:shop#1; got "${id}"`);
    const record = (await auditChain(world.table, entity)).find((one) => one.seq === Number(seq));
    if (!record) throw new NovaError('not_found', `there is no record "${id}"; nova audit list --entity ${entity}`);
    return auditView(auditRecordOf(record));
  },
  render: (record, style) =>
    details(
      record.id,
      [
        ['at', longTime(record.at)],
        ['who', record.actor],
        ['did', record.action],
        ...Object.entries(record.details).map(([name, value]) => [name, String(value)] as const),
        ['hash', record.hash],
        ['follows', record.prevHash],
      ],
      style,
    ),
});
