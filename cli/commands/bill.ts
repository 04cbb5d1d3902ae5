import { readFileSync } from 'node:fs';
import { forecast } from '../../shared/domain/bill/forecast.ts';
import { messageOf, NovaError } from '../../shared/domain/error.ts';
import { systemTime } from '../../shared/runtime/clock.ts';
import { hereCommand } from '../command.ts';
import { flag, text } from '../fields.ts';
import { fleetAsItIs } from '../fleet-as-it-is.ts';
import { fleetIn } from '../fleet-file.ts';
import { withProgress } from '../progress.ts';
import { blocks } from '../render/details.ts';
import { table } from '../render/table.ts';
import { centsOf } from '../render/words.ts';
import { billFacts, type Earlier, earlierFacts } from '../synth.ts';
import { money } from '../views/finance.ts';

export const command = hereCommand({
  noun: '',
  verb: 'bill',
  summary: 'what a month on AWS will cost, before anything is deployed; no credentials',
  detail:
    'From the templates of this tree, the schedules and limits of the fleet here (or of --fleet), and list prices of us-east-1 less what AWS gives every account for ever. p50: runs as they are on average; p90: each as the dearest tenth of them. A fleet is JSON: [{"name": "shop", "schedule": "rate(1 hour)", "instances": 2, "seconds": 4, "paidUsd": {"p50": "0.02", "p90": "0.05"}, "limitUsd": "5"}], with calls, earnings, timezone, and for tasks compute, cpu, memory, gpus, spot (of Fargate), continuous.',
  args: {},
  options: {
    fleet: text('a fleet as JSON, in place of the one here', 'path'),
    against: text('the commit to compare with (default: the last one)', 'commit'),
    with: text('choices beside those of cdk.json: waf, tracing, containers, gpu, vpc', 'name,name'),
    alone: flag('compare with nothing: half the time'),
  },
  examples: [
    'nova bill',
    'nova bill --fleet fleet.json --stage prod',
    'nova bill --with containers,vpc --alone',
    'nova bill --against main --json',
  ],
  async run({ fleet: file, against, with: more, alone }, here) {
    const now = systemTime.now();
    const fleet =
      file === undefined
        ? await fleetAsItIs(here, now)
        : { agents: fleetIn(contentOf(file), now), dailyLimitMicros: null };
    const [facts, earlier] = await withProgress(here.terminal, 'making the templates', () =>
      Promise.all([billFacts(here.stage, { choices: choicesOf(more) }), alone ? null : before(here.stage, against)]),
    );
    const found = forecast(facts, fleet);
    return { id: facts.stage, ...found, change: changeOf(found.totalMicros.p50, earlier, fleet) };
  },
  render: (bill, style) => {
    const { idleMicros, variableMicros, totalMicros, change } = bill;
    const sum = `${bill.id}: ${centsOf(totalMicros.p50)} a month`;
    const parts = `idle ${centsOf(idleMicros)} (list price ${centsOf(bill.idleListMicros)}), variable ${centsOf(variableMicros.p50)}, with dear runs ${centsOf(variableMicros.p90)}`;
    return blocks(
      `${style.paint('bold', sum)}\n${parts}\n${changeText(change)}`,
      table(
        bill.drivers,
        [{ title: 'BIGGEST', value: ({ id }) => id, min: 20 }, money('A MONTH', 'micros')],
        style,
        'nothing costs anything',
      ),
      table(
        bill.agents,
        [
          { title: 'AGENT', value: ({ id }) => id, min: 10 },
          { title: 'RUNS', value: ({ runs }) => String(runs), align: 'right' },
          money('P50', 'p50Micros'),
          money('P90', 'p90Micros'),
        ],
        style,
        'no agents run',
      ),
    );
  },
});

const CHOICES = ['waf', 'tracing', 'containers', 'gpu', 'vpc'];

/** @throws NovaError bad_input for what is no choice. */
function choicesOf(words: string | undefined): Readonly<Record<string, boolean>> {
  const chosen = words?.split(',').map((word) => word.trim()) ?? [];
  const unknown = chosen.filter((word) => !CHOICES.includes(word));
  if (unknown.length > 0)
    throw new NovaError('bad_input', `--with takes ${CHOICES.join(', ')}; got ${unknown.join(', ')}`);
  return Object.fromEntries(chosen.map((word) => [word, true]));
}

type Compared = { readonly earlier: Earlier } | { readonly problem: string } | null;

/** A tree that cannot be compared is told, and stops nothing. */
async function before(stage: string | null, against: string | undefined): Promise<Compared> {
  try {
    return { earlier: await earlierFacts(stage, against) };
  } catch (thrown) {
    if (against !== undefined) throw thrown;
    return { problem: messageOf(thrown) };
  }
}

type Change = { readonly commit: string | null; readonly changeMicros: number | null; readonly problem: string };

function changeOf(micros: number, compared: Compared, fleet: Parameters<typeof forecast>[1]): Change {
  if (compared === null || 'problem' in compared)
    return { commit: null, changeMicros: null, problem: compared?.problem ?? 'not asked for' };
  const { commit, facts } = compared.earlier;
  return { commit, changeMicros: micros - forecast(facts, fleet).totalMicros.p50, problem: '' };
}

function changeText({ commit, changeMicros, problem }: Change): string {
  if (changeMicros === null) return `compared with nothing: ${problem}`;
  return `${changeMicros < 0 ? '' : '+'}${centsOf(changeMicros)} against ${commit}`;
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    throw new NovaError('bad_input', `the file "${file}" cannot be read: ${messageOf(thrown)}`, { cause: thrown });
  }
}
