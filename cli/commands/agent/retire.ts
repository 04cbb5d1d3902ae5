import { NovaError } from '../../../shared/domain/error.ts';
import { changeOneOrAll, exitOfChange, HOW, renderChange, WHOM } from '../../change-agents.ts';
import { worldCommand } from '../../command.ts';
import { flag } from '../../fields.ts';

export const command = worldCommand({
  noun: 'agent',
  verb: 'retire',
  summary: 'stop an agent for good: no new run, no new spending',
  detail: 'Final: a retired agent never comes back, and its name is never used again. Its numbers stay.',
  args: WHOM,
  options: { ...HOW, yes: flag('with --all: yes, every one of them') },
  examples: ["nova agent retire shop --why 'sold'", 'nova agent retire --all --yes'],
  run: async ({ yes, ...input }, reach) => {
    if (input.all && !yes) throw new NovaError('bad_input', 'retiring all agents is final; say it with --all --yes');
    return changeOneOrAll(reach, input, {
      change: { status: 'retired' },
      concerns: ({ status }) => status !== 'retired',
    });
  },
  render: renderChange,
  exit: exitOfChange,
});
