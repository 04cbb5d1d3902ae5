import { verifyTrail } from '../../../shared/store/audit-verify.ts';
import { proveFile } from '../../audit-file.ts';
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
    'Every chain is followed from its first record to its head, and compared with the anchors and with the roots that are ' +
    'kept outside; pages of runs are compared with their seals. A changed byte is found. With --file an export is proved ' +
    'alone, without any data. Exit code 1 when something does not hold.',
  args: { entity: text('only this one: agent:shop, budget:fleet …', 'kind:id') },
  options: {
    days: defaulting(count('how many days back to look for decisions and approvals', { min: 1, max: 3660 }), 30),
    file: text('prove this export instead', 'file'),
    root: text('the hash of an anchor that you kept yourself: it must be the newest one of the file', 'hash'),
  },
  examples: [
    'nova audit verify',
    'nova audit verify agent:shop --json',
    'nova audit verify --days 365',
    'nova audit verify --file audit.jsonl',
  ],
  offline: ({ file, root }) => (file === undefined ? null : ofFile(file, root)),
  async run({ entity, days }, { world }) {
    const { chains, anchors, roots, seals, faults } = await verifyTrail(world, { days, entity });
    const records = chains.reduce((sum, proof) => sum + proof.records, 0);
    const found = { entities: chains.length, records, anchors, roots, seals };
    return { id: entity ?? 'audit', valid: faults.length === 0, ...found, newest: null, faults: [...faults] };
  },
  render: ({ valid, entities, records, anchors, roots, newest, faults }, style) =>
    blocks(
      valid
        ? style.paint(
            'green',
            `valid: ${plural(records, 'record')} of ${plural(entities, 'entity', 'entities')}, ${plural(anchors, 'anchor')}, ${plural(roots, 'root')}`,
          )
        : style.paint('red', `changed: ${plural(faults.length, 'fault')}`),
      newest === null ? '' : `the newest anchor is ${newest}`,
      table(
        faults,
        [
          { title: 'WHERE', value: ({ id }) => id, min: 12 },
          { title: 'RECORD', value: ({ seq }) => String(seq), align: 'right' },
          { title: 'PROBLEM', value: ({ problem }) => problem, min: 20 },
        ],
        style,
        '',
      ),
    ),
  exit: ({ valid }) => (valid ? 0 : 1),
});

type Fault = { readonly id: string; readonly seq: number; readonly problem: string };
type Proof = {
  readonly id: string;
  readonly valid: boolean;
  readonly entities: number;
  readonly records: number;
  readonly anchors: number;
  readonly roots: number;
  readonly seals: number;
  /** The hash of the newest anchor of a file. */
  readonly newest: string | null;
  readonly faults: Fault[];
};

async function ofFile(file: string, root: string | undefined): Promise<Proof> {
  const { faults: found, ...counts } = await proveFile(file);
  const kept = root === undefined || root === counts.newest;
  const faults: Fault[] = [
    ...found.map(({ line, id, seq, problem }) => ({ id, seq, problem: `line ${line}: ${problem}` })),
    ...(kept ? [] : [{ id: 'workspace', seq: counts.anchors, problem: `the newest anchor is ${counts.newest}` }]),
  ];
  return { id: file, valid: faults.length === 0, ...counts, seals: 0, faults };
}
