/** Once a minute: whether the fleet has tried to spend so much today that something must be wrong with it. */
import { attemptedMicros, emergencyOf } from '../domain/halt.ts';
import { formatUsd } from '../domain/money.ts';
import type { World } from '../ports/world.ts';
import { momentNow } from '../store/calendar-store.ts';
import { noteWarned, readEmergency } from '../store/emergency-store.ts';
import { type FleetReading, fleetReading } from '../store/fleet-reading.ts';
import { getHalt, publishTurn, turnHalt } from '../store/halt-store.ts';
import { closeScope } from './halt-scope.ts';

type Ports = Pick<World, 'table' | 'time' | 'ids' | 'hashing' | 'work' | 'log' | 'settings'>;

/** Longer than clearing takes. */
const CLEARED_MS = 30_000;

/**
 * Turns the kill switch on for everything when the emergency limit is reached. The daily budget only pauses until
 * tomorrow; this stays until a person clears it.
 */
export async function watchEmergency(
  world: Ports,
  fleet: FleetReading = fleetReading(world.table),
): Promise<'calm' | 'warn' | 'trip'> {
  const { date } = await momentNow(world);
  const attempted = attemptedMicros((await fleet()).instances, date);
  if (attempted === 0) return 'calm';
  const emergency = await readEmergency(world.table);
  const limitMicros = emergency.effectiveMicros;
  const state = emergencyOf(emergency, { date, attemptedMicros: attempted, limitMicros });
  const said = `${formatUsd(attempted)} attempted today (spent, held and refused) against ${formatUsd(limitMicros)}`;
  if (state === 'warn') await warn(world, { date, said });
  if (state === 'trip') await trip(world, said);
  return state;
}

/** The message goes first: a crash in between repeats it under the same key. */
async function warn(world: Ports, { date, said }: { readonly date: string; readonly said: string }): Promise<void> {
  await world.work.send({
    ...{ v: 1, kind: 'notify', subject: 'The emergency limit is at 90 %', dedupKey: `emergency:${date}` },
    text: `${said}. At the limit the kill switch stops everything, and only you turn it off again. Look now: nova status. Another limit: nova killswitch limit <usd>`,
  });
  await noteWarned(world.table, date);
}

async function trip(world: Ports, said: string): Promise<void> {
  const { on, at } = await getHalt(world.table, 'fleet');
  // Whoever has just cleared it is about to write down what counts no more.
  if (on || world.time.now() - at < CLEARED_MS) return;
  const reason = `the emergency limit was reached: ${said}`;
  const { halt, posted } = await turnHalt(world, { scope: 'fleet', on: true, actor: 'system:emergency-limit', reason });
  await closeScope(world, halt);
  await publishTurn(world, posted);
}
