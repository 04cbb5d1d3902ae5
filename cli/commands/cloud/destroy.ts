import { NovaError } from '../../../shared/domain/error.ts';
import { contextWords, requireCaller, runCdk, stageOf } from '../../cloud.ts';
import { stackNames } from '../../cloud-checks.ts';
import { type Here, hereCommand } from '../../command.ts';
import { flag } from '../../fields.ts';

export const command = hereCommand({
  noun: 'cloud',
  verb: 'destroy',
  summary: 'take a stage’s work stack away; its money and its memory stay',
  detail:
    'Queues, functions, schedules and the front go; the data stack (table, key, audit roots) is protected and stays, and a later deploy finds it. Turn the kill switch on first: schedules of agents are made outside the stack. Asks for the name of the stage.',
  args: {},
  options: { yes: flag('do not ask: for pipelines that take test stages away') },
  examples: ['nova --stage test cloud destroy'],
  async run({ yes }, here) {
    const stage = stageOf(here);
    await requireCaller();
    if (!yes) await sure(here, stage);
    const [data = '', work = ''] = stackNames(stage);
    await runCdk(here, ['destroy', work, '--exclusively', '--force', ...contextWords(stage, {})]);
    return { id: stage, destroyed: [work], kept: [data] };
  },
  render: ({ destroyed, kept }) => `${destroyed.join(', ')} is gone; ${kept.join(', ')} stays with everything in it`,
});

async function sure({ terminal }: Here, stage: string): Promise<void> {
  if (!terminal.inIsTty) throw new NovaError('bad_input', 'nobody can be asked here: say --yes');
  const typed = await terminal.ask(`This takes the stage away. Type its name (${stage}): `, { hidden: false });
  if (typed.trim() !== stage) throw new NovaError('conflict', `that is not "${stage}": nothing was changed`);
}
