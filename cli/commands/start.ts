import { NovaError } from '../../shared/domain/error.ts';
import { hereCommand } from '../command.ts';
import { choice, count, defaulting, flag } from '../fields.ts';
import { durationOf } from '../render/words.ts';
import { runEngine } from '../run-engine.ts';

export const command = hereCommand({
  noun: '',
  verb: 'start',
  summary: 'run the whole system on this machine, until Ctrl-C',
  detail:
    'The data directory keeps everything, so a second start goes on where the first was. While it runs, every other command talks to it.',
  args: {},
  options: {
    demo: flag('on an empty data directory: a small fleet that earns, loses and crashes'),
    port: count('the port of the local front (default 4400; 0: any free one)', { min: 0, max: 65_535 }),
    engine: defaulting(choice('how it runs', ['embedded', 'rehearsal']), 'embedded'),
  },
  examples: ['nova start --demo', 'nova start --port 4500', 'nova start --engine rehearsal'],
  async run(input, here) {
    if (here.stage !== null) throw new NovaError('bad_input', 'a stage runs in AWS: npm run deploy puts it there');
    return runEngine(input, here);
  },
  render: ({ ranMs }) => `stopped after ${durationOf(ranMs)}; nova start goes on from here`,
});
