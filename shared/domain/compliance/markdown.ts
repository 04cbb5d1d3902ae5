import type { ComplianceReport, ControlReport } from './assess.ts';

/** The report as a page: what is not met first, because that is what somebody must do something about. */
export function complianceMarkdown(report: ComplianceReport, at: string): string {
  const { verdict, met, partlyMet, notMet, controls, risks } = report;
  const rank = { 'not met': 1, 'partly met': 0, met: 2 } as const;
  const sorted = [...controls].sort((a, b) => rank[a.status] - rank[b.status]);
  return [
    '# ISO/IEC 27001:2022, Annex A: what this system shows',
    `${at}: **${verdict}**. ${met} controls met, ${partlyMet} partly met, ${notMet} not met, of ${controls.length}.`,
    'A control that is not met here may be met by the organisation: this page knows only what the system shows.',
    '## Controls',
    ...sorted.filter(({ how, owner }) => owner !== null && how).map(section),
    '## Not met: nothing in the system shows them',
    sorted
      .filter(({ owner }) => owner === null)
      .map(({ id, title }) => `- ${id} ${title}`)
      .join('\n'),
    '## Risks',
    ['| risk | level | state | controls | owner | review |', '| --- | --- | --- | --- | --- | --- |']
      .concat(
        risks.map(
          ({ id, what, level, state, controls: held, owner, reviewBy }) =>
            `| ${id} ${what} | ${level} | ${state} | ${held.join(', ')} | ${owner} | ${reviewBy} |`,
        ),
      )
      .join('\n'),
    '',
  ].join('\n\n');
}

function section({
  id,
  title,
  status,
  how,
  owner,
  reviewBy,
  facts,
  tests,
  records,
  problems,
  formerly,
}: ControlReport): string {
  const was = formerly.length > 0 ? ` (formerly ${formerly.join(', ')})` : '';
  return [
    `### ${id} ${title}: ${status}${was}`,
    '',
    `${how} Answers for it: ${owner}; to be looked at by ${reviewBy}.`,
    '',
    ...problems.map((problem) => `- **${problem}**`),
    ...facts.filter(({ holds }) => holds === true).map(({ says, seen }) => `- ${says} (${seen})`),
    ...tests.map(({ test, file }) => `- tested: ${test} (\`${file}\`)`),
    ...(records > 0 ? [`- ${records} records of the audit trail belong to it`] : []),
  ].join('\n');
}
