import type { Json } from '../../../shared/domain/agent.ts';
import { exportTrail } from '../../../shared/store/audit-export.ts';
import { worldCommand } from '../../command.ts';
import { text } from '../../fields.ts';
import { writeNew } from '../../files.ts';
import { plural } from '../../render/words.ts';

export const command = worldCommand({
  noun: 'audit',
  verb: 'export',
  summary: 'the whole trail as lines that prove themselves, to a new file or to standard output',
  detail:
    'The format is public (docs/audit-format.md): docs/verify-audit.mjs and docs/verify-audit.py check such a file with ' +
    'nothing of NovaOS. A file that is there already is never written over.',
  args: {},
  options: {
    entity: text('only this one: agent:shop, budget:fleet, decision:<id> …', 'kind:id'),
    out: text('write to this new file', 'file'),
  },
  examples: ['nova audit export --out audit.jsonl', 'nova audit export --entity agent:shop'],
  async run({ entity, out }, { world }) {
    const lines: Json[] = [];
    for await (const line of exportTrail(world, entity)) lines.push({ ...line });
    return { id: entity ?? 'audit', exportedAt: new Date(world.time.now()).toISOString(), out: out ?? null, lines };
  },
  async finish({ lines }, { out }) {
    if (out !== undefined) writeNew(out, textOf(lines));
  },
  render: ({ out, lines }) =>
    out === null ? textOf(lines).trimEnd() : `${plural(lines.length, 'line')} written to ${out}`,
});

const textOf = (lines: readonly Json[]): string => lines.map((line) => `${JSON.stringify(line)}\n`).join('');
