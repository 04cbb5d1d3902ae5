/** Which alarms a stage has: one that tells of each function and of each queue, in the words of the register of alerts. */
import type { Construct } from 'constructs';
import { RULES, type RuleId, todoFor } from '../../shared/domain/alert/register.ts';
import { type FunctionRow, functions, queues } from '../topology.ts';
import { Alarms } from './alarms.ts';
import type { Front } from './front.ts';
import type { Site } from './site.ts';

export type Watched = { readonly site: Site; readonly front: Front };

/** A message that waits for longer is late for whoever is paid, paused or asked by it. */
const WAIT_MINUTES = 60;

/** A queue's function fails into its dead letters, a schedule's into silence, the door's into answers. */
export function stageAlarms(scope: Construct, { site, front }: Watched): Alarms {
  const { names, choices } = site;
  const bells = new Alarms(scope, names, { email: choices.ownerEmail, deadLetters: site.agentSchedules.deadLetters });
  /** Who is hurt, what to do, and where more is written; the first words are those of the function. */
  const words = (rule: RuleId, subject: string, ...hurt: readonly string[]): string =>
    `${[...hurt, RULES[rule].hurts].join(' ')} ${todoFor(rule, subject, choices.stage)} More: docs/runbook.md#${rule}`.replaceAll(
      '<stage>',
      choices.stage,
    );
  for (const { name: queue } of queues) {
    const workers = functions.filter(({ on }) => 'queue' in on && on.queue === queue).map(told);
    const { queue: polled, deadLetters } = site.queue(queue);
    bells.deadLetters(queue, deadLetters, words('dead_letters', queue, ...workers));
    bells.waiting(queue, polled, { minutes: WAIT_MINUTES, why: words('oldest_message', queue, ...workers) });
  }
  for (const row of functions) {
    const functionName = names.function(row.name);
    const { on } = row;
    if ('schedule' in on) {
      bells.quiet(row, functionName, { minutes: on.quietMinutes, why: words('silent_function', row.name, told(row)) });
      // What time wakes goes through the fleet or the ledger, which grow; what a message wakes does one thing.
      const why = row.name === 'sweep' ? words('slow_sweep', row.name) : words('slow_function', row.name, told(row));
      bells.slow(row, functionName, { minutes: cycleMinutes(on.quietMinutes), why });
    }
    if (mayCircle(row)) bells.circling(row, functionName, words('recursion_stopped', row.name, told(row)));
    if ('http' in on) bells.failing(row, functionName, words('failing_requests', row.name, told(row)));
  }
  const doors = functions.filter(({ on }) => 'http' in on).map(told);
  bells.door(front.api, words('failing_requests', 'door', ...doors));
  const woken = functions.filter(({ on }) => 'schedule' in on).map(({ name }) => name);
  const who = `Agents, ${woken.slice(0, -1).join(', ')} or ${woken.at(-1)}.`;
  bells.deadLetters('schedules', site.agentSchedules.deadLetters, words('schedule_dead_letters', 'schedules', who));
  bells.throttled(words('throttles', 'account'));
  return bells;
}

/** One run falls in it, so that an alarm does not end between two. */
const cycleMinutes = (quietMinutes: number): number => (quietMinutes >= 1440 ? 1440 : quietMinutes >= 120 ? 60 : 5);

/** A message wakes it, and it sends messages: the one chain that Lambda sees. */
const mayCircle = ({ on, uses }: FunctionRow): boolean => 'queue' in on && (uses.sends ?? []).length > 0;

const told = ({ name, errorImpact }: FunctionRow): string => `${name}: ${errorImpact}`;
