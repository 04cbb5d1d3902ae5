import type { AuditRecord } from '../../../shared/domain/audit.ts';
import type { Table } from '../../../shared/ports/table.ts';
import { auditChain, auditOfDay } from '../../../shared/store/audit-store.ts';
import { worldCommand } from '../../command.ts';
import { lastDays } from '../../days.ts';
import { count, defaulting, text } from '../../fields.ts';
import { table } from '../../render/table.ts';
import { shortTime } from '../../render/words.ts';
import { auditRecordOf, auditView } from '../../views/audit.ts';

export const command = worldCommand({
  noun: 'audit',
  verb: 'list',
  summary: 'who changed what, the newest first',
  args: {},
  options: {
    entity: text('only this one, all of its time: agent:shop, budget:fleet, decision:<id> …', 'kind:id'),
    days: defaulting(count('how many days back', { min: 1, max: 3660 }), 1),
    limit: count('at most so many (default: all)', { min: 1, max: 1_000_000 }),
  },
  examples: ['nova audit list', 'nova audit list --entity agent:shop', 'nova audit list --days 7 --limit 100 --json'],
  async run({ entity, days, limit }, { world }) {
    const records =
      entity === undefined
        ? await ofDays(world.table, lastDays(world.time.now(), days))
        : await ofEntity(world.table, entity);
    return records.reverse().slice(0, limit).map(auditView);
  },
  render: (records, style) =>
    table(
      records,
      [
        { title: 'AT (UTC)', value: ({ at }) => shortTime(at) },
        { title: 'WHO', value: ({ actor }) => actor, min: 12 },
        { title: 'DID', value: ({ action }) => action },
        { title: 'TO', value: ({ entity }) => entity, min: 12 },
        { title: 'DETAILS', value: ({ details }) => detailsText(details), min: 12, dropOrder: 1 },
      ],
      style,
      'no records',
    ),
});

async function ofDays(source: Table, dates: readonly string[]): Promise<AuditRecord[]> {
  const days = await Promise.all(dates.map((date) => auditOfDay(source, date)));
  return days.reverse().flat();
}

async function ofEntity(source: Table, entity: string): Promise<AuditRecord[]> {
  const chain = await auditChain(source, entity);
  return chain.map(auditRecordOf);
}

function detailsText(details: Readonly<Record<string, unknown>>): string {
  const said = Object.entries(details).filter(([, value]) => value !== null && value !== '');
  return said.map(([name, value]) => `${name}=${String(value)}`).join(' ');
}
