import { controlOf } from '../../../shared/domain/compliance/annex.ts';
import { complianceMarkdown } from '../../../shared/domain/compliance/markdown.ts';
import { NovaError } from '../../../shared/domain/error.ts';
import { worldCommand } from '../../command.ts';
import { complianceOf } from '../../compliance.ts';
import { count, defaulting, text } from '../../fields.ts';
import { writeNew } from '../../files.ts';
import { blocks, details } from '../../render/details.ts';
import { table } from '../../render/table.ts';

export const command = worldCommand({
  noun: 'compliance',
  verb: 'report',
  summary: 'which controls of ISO 27001:2022 the system shows to be met, and which not',
  detail:
    'Evidence is read from the system itself: settings, people, the audit trail, and the tests that hold each promise. ' +
    'What nothing shows is not met. Numbers of 2013 (A.12.4.1) work as well. Exit code 1 when a promise is broken.',
  args: { control: text('only this control: 8.15, or A.12.4.1', 'number') },
  options: {
    days: defaulting(count('how many days of the trail are proved and counted', { min: 1, max: 366 }), 30),
    out: text('write the whole report as Markdown to this new file', 'file'),
  },
  examples: [
    'nova compliance report',
    'nova compliance report 8.15 --json',
    'nova compliance report --out register.md',
  ],
  async run({ control, days, out }, reach) {
    const wanted = control === undefined ? null : controlOf(control);
    if (control !== undefined && !wanted)
      throw new NovaError('not_found', `ISO 27001:2022 has no control "${control}"`);
    const report = await complianceOf(reach, days);
    const at = new Date(reach.world.time.now()).toISOString();
    const controls = report.controls.filter(({ id }) => !wanted || id === wanted.id);
    const plain = { ...report, controls, risks: [...report.risks] };
    return { id: 'compliance', at, ...plain, out: out ?? null, markdown: complianceMarkdown(report, at) };
  },
  async finish({ markdown }, { out }) {
    if (out !== undefined) writeNew(out, markdown);
  },
  render({ verdict, met, partlyMet, notMet, controls, out }, style) {
    const color = { PASS: 'green', WARN: 'yellow', FAIL: 'red' } as const;
    const shown = controls.length === 1 ? controls : controls.filter(({ owner }) => owner !== null);
    return blocks(
      details(
        'ISO/IEC 27001:2022, Annex A',
        [
          ['verdict', style.paint(color[verdict], verdict)],
          ['met', String(met)],
          ['partly met', String(partlyMet)],
          ['not met', String(notMet)],
          ['written to', out],
        ],
        style,
      ),
      table(
        shown,
        [
          { title: 'CONTROL', value: ({ id }) => id },
          { title: 'STATUS', value: ({ status }) => status },
          { title: 'TITLE', value: ({ title }) => title, min: 16, dropOrder: 2 },
          { title: 'PROBLEM', value: ({ problems }) => problems.join('; '), min: 16, dropOrder: 1 },
        ],
        style,
        '',
      ),
    );
  },
  exit: ({ verdict }) => (verdict === 'FAIL' ? 1 : 0),
});
