/** What must be true when nothing fails any more: ten minutes later, and when all is quiet. */
import { pricesAt } from '../../../shared/domain/price-table.ts';
import { receiptOf } from '../../../shared/domain/receipt.ts';
import { runId, tickSlot, triggerOf } from '../../../shared/domain/run.ts';
import { TAIL_SECONDS, type TaskShape, taskUsage } from '../../../shared/domain/task.ts';
import { ticketOf } from '../../../shared/jobs/launch-run.ts';
import type { Item } from '../../../shared/ports/table.ts';
import { instanceKey } from '../../../shared/store/keys.ts';
import type { TickMessage } from '../../../shared/wire/messages.ts';
import { Broken } from '../books.ts';
import { CAST } from './cast.ts';
import type { Play } from './play.ts';

const LONGEST_ORPHAN_MS = 10 * 60_000;
const instances = (play: Play): readonly Item[] =>
  [...play.cloud.table.items()].filter(({ pk, sk }) => pk.startsWith('FLEET#') && !sk.endsWith('#EARN'));

/** Ten minutes after the faults: no run is anybody's that nobody works on, and each that was asked for before has its end. */
export async function checkFinal(play: Play, asked: readonly TickMessage[]): Promise<void> {
  const fail = (problem: string): never => {
    throw new Broken(`seed ${play.seed}, ten minutes after the faults: ${problem}`);
  };
  const { cloud } = play;
  const now = cloud.clock.now();
  for (const item of instances(play)) {
    const held = item.ho !== undefined;
    if (held && Number(item.lu) < now - 120_000) fail(`${item.sk} is held by ${String(item.ho)}, whose lease is over`);
    const tries = Object.keys((item.tr ?? {}) as object);
    // A request waits for its turn, also where the instance was let go by another one just now.
    const isNext = now - (play.watch.freed.get(item.sk) ?? 0) <= LONGEST_STANDSTILL_MS;
    const waits = held || (isNext && tries.every((slot) => triggerOf(slot) === 'manual'));
    if (!waits && tries.length > 0 && item.st === 'active' && !item.sk.startsWith('dot'))
      fail(`${item.sk}: ${tries.join(', ')} was lost, and nobody has taken it up`);
  }
  for (const task of cloud.cluster.running()) {
    const ticket = ticketOf(task.environment);
    const item = instances(play).find(
      ({ sk }) => sk.startsWith(`${ticket?.agentId}#`) && Number(sk.split('#')[1]) === ticket?.number,
    );
    const mine = ticket?.kind === 'keep' || (item?.ho !== undefined && item.f === ticket?.fence);
    if (!mine && now - task.createdAt > LONGEST_ORPHAN_MS) fail(`task ${task.taskId} runs for nobody`);
  }
  await checkRecorded(
    play,
    asked.filter((tick) => !waitsItsTurn(play, tick)),
    fail,
  );
  checkRequests(play, fail);
}

/** So long after a run of its instance a request may stand still: three minutes, the sweep's minute, and a moment. */
const LONGEST_STANDSTILL_MS = 250_000;

/** A resting request is sent again after a quarter of an hour, by the next sweep. */
const LONGEST_REST_MS = 17 * 60_000;

/** Each request is done, or can say what it waits for: its instance is halted or works on a run that somebody holds, or it rests. */
function checkRequests(play: Play, fail: (problem: string) => never): void {
  const { cloud, watch } = play;
  const now = cloud.clock.now();
  for (const request of [...cloud.table.items()].filter(
    ({ pk, status }) => pk.startsWith('REQUEST#') && status === 'open',
  )) {
    const { id, agentId, instance, next, times } = request;
    const item = instances(play).find(({ sk }) => sk === `${String(agentId)}#00${String(instance)}`);
    const waits = item?.st === 'halted' || (item?.ho !== undefined && Number(item.lu) > now);
    const rests = request.restedAt === request.touchedAt && now - Number(request.touchedAt) <= LONGEST_REST_MS;
    const last = Math.max(watch.moved.get(String(id)) ?? 0, item ? (watch.freed.get(item.sk) ?? 0) : 0);
    const moved = now - last <= LONGEST_STANDSTILL_MS;
    if (!waits && !rests && !moved)
      fail(
        `request ${String(id)} for ${String(agentId)} stands at ${String(next)} of ${String(times)} and waits for nothing`,
      );
  }
}

/** Whose ticks wait for each other, and whose instance is at work: after hours of an outage there are many. */
function waitsItsTurn({ cloud, watch }: Play, { agentId, instance }: TickMessage): boolean {
  if (CAST.find(({ name }) => name === agentId)?.overlap !== 'wait') return false;
  const { sk } = instanceKey(agentId, instance);
  const isHeld = [...cloud.table.items()].some((item) => item.sk === sk && item.ho !== undefined);
  return isHeld || cloud.clock.now() - (watch.freed.get(sk) ?? 0) <= BETWEEN_TURNS_MS;
}

/** A message that waits for its turn looks again twice a minute. */
const BETWEEN_TURNS_MS = 60_000;

/** Closed, or a dead letter that says why: the Scheduler may tick for an instance that a restored table does not know. */
async function checkRecorded(
  { cloud, counts }: Play,
  ticks: readonly TickMessage[],
  fail: (problem: string) => never,
): Promise<void> {
  const dead = counts.has('F25') ? await cloud.queues.runs.deadLetters(1_000) : [];
  const unknown = new Set(dead.flatMap(({ body, reason }) => (reason.startsWith('there is no ') ? [body] : [])));
  for (const tick of ticks) {
    const slot = tickSlot(Date.parse(tick.scheduledFor));
    if (!cloud.books.isClosed(tick.agentId, tick.instance, slot) && !unknown.has(JSON.stringify(tick)))
      fail(`${runId(tick.agentId, tick.instance, slot)} was never recorded`);
  }
}

/** When all is quiet. */
export async function checkEnd(play: Play): Promise<void> {
  const fail = (problem: string): never => {
    throw new Broken(`seed ${play.seed}, at the end: ${problem}`);
  };
  const { cloud, platform } = play;
  if (cloud.books.leased() > 0) fail(`${cloud.books.leased()} instances stay leased`);
  const { table } = cloud;
  const left = [...table.items()].filter(({ pk }) => pk === 'OUTBOX');
  if (left.length > 0) fail(`${left.length} messages were never sent: ${String(left[0]?.message)}`);
  for (const [name, queue] of Object.entries(cloud.queues))
    if (queue.size() > 0) fail(`${queue.size()} messages of ${name} never end: ${JSON.stringify(queue.messages()[0])}`);
  await checkDead(play, fail);
  await checkRecorded(play, platform.ticks, fail);
  const open = [...table.items()].filter(({ pk, status }) => pk.startsWith('REQUEST#') && status === 'open');
  for (const request of open) {
    const item = instances(play).find(({ sk }) => sk === `${String(request.agentId)}#00${String(request.instance)}`);
    // The sweep of the quiet time comes every eight minutes only.
    const rest = LONGEST_REST_MS + platform.sweepEveryMs;
    const rests = request.restedAt === request.touchedAt && cloud.clock.now() - Number(request.touchedAt) <= rest;
    if (item?.st === 'active' && !rests) fail(`request ${String(request.id)} stands at ${String(request.next)}`);
  }
  checkHops(play, fail);
  checkTaskMoney(play, fail);
  checkDesired(play, fail);
  checkSums(play, fail);
}

/** What nobody could read may be dead, and nothing else. */
async function checkDead(play: Play, fail: (problem: string) => never): Promise<void> {
  for (const [name, queue] of Object.entries(play.cloud.queues))
    for (const { body, reason } of await queue.deadLetters(1_000)) {
      const known = (play.notes.get('poison') ?? []).includes(body);
      // What was made after the moment of a restored table is not known to it.
      const gone = play.counts.has('F25') && reason.startsWith('there is no ');
      if (!known && !gone) fail(`${name} has a dead letter: ${body}: ${reason}`);
    }
}

/** However often its message comes, the sweep begins it anew every three minutes at most, while nobody works on it. */
const MOST_BEGINNINGS = 16;

function checkHops(play: Play, fail: (problem: string) => never): void {
  const handed = play.cloud.sent.flatMap(({ message }) =>
    message.kind === 'request' && message.hop === 1 ? [message.requestId] : [],
  );
  for (const [id, times] of Map.groupBy(handed, (one) => one))
    if (times.length > MOST_BEGINNINGS)
      fail(`request ${id} handed itself on ${times.length} times as if for the first time`);
}

function checkDesired(play: Play, fail: (problem: string) => never): void {
  const { cloud } = play;
  for (const agent of [...cloud.table.items()].filter(({ pk }) => pk === 'AGENTS')) {
    const mine = instances(play).filter(({ sk }) => sk.split('#')[0] === agent.sk);
    const active = mine.filter(({ st }) => st === 'active').length;
    const wanted = agent.status === 'active' ? Number(agent.instances) : 0;
    if (active !== wanted) fail(`${agent.sk} has ${active} active instances, wanted are ${wanted}`);
    const schedules = [...cloud.schedules.values()].filter(({ agentId }) => agentId === agent.sk).length;
    if (schedules !== (agent.schedule ? wanted : 0)) fail(`${agent.sk} has ${schedules} schedules`);
  }
  const stray = cloud.cluster.alive();
  if (stray.length > 0) fail(`task ${stray[0]?.taskId} is still there`);
}

/** A run says how long it took, then it is written: a write that hangs for longer has lost its lease. */
const WRITING_MS = 180_000;

/** What a run in tasks cost until it was closed, by the clock of the platform, is charged to it: as far as its hold reaches. */
function checkTaskMoney({ cloud, watch, counts, notes }: Play, fail: (problem: string) => never): void {
  // Where the clock was set on by hours in the middle of a write, nobody has run for hours.
  if (watch.skewed || notes.has('jumped') || counts.has('F3') || counts.has('F25')) return;
  const spent = new Map<string, number>();
  for (const { taskId, startedAt, stoppedAt } of cloud.cluster.tasks) {
    const run = watch.adopted.get(taskId);
    const closed = run === undefined ? undefined : watch.closed.get(run);
    const { task, timeoutSeconds } = specOf(run?.split('.')[0]);
    if (run === undefined || !closed || !task || startedAt === null) continue;
    const mostMs = (timeoutSeconds + TAIL_SECONDS) * 1000;
    const billedMs = Math.min(
      mostMs,
      Math.max(0, Math.min(stoppedAt ?? closed.at, closed.at) - WRITING_MS - startedAt),
    );
    const { totalMicros } = receiptOf(taskUsage(task, billedMs), pricesAt(closed.at));
    spent.set(run, (spent.get(run) ?? 0) + totalMicros);
  }
  for (const [run, computeMicros] of spent) {
    const cost = watch.closed.get(run)?.costMicros ?? 0;
    const paid = cloud.books.provider.runs.get(run)?.micros ?? 0;
    if (cost < paid + computeMicros)
      fail(`${run} is charged ${cost}; its tasks cost ${computeMicros} and its calls ${paid}`);
  }
}

const specOf = (agentId = ''): { task?: TaskShape; timeoutSeconds: number } => {
  const { task, timeoutSeconds = 0 } = CAST.find(({ name }) => name === agentId) ?? {};
  return { ...(task ? { task } : {}), timeoutSeconds };
};

/** Each sale once, and the sums of an agent are those of its entries. */
function checkSums(play: Play, fail: (problem: string) => never): void {
  const items = [...play.cloud.table.items()];
  const entries = items.filter(({ pk, sk }) => pk.startsWith('ENTRY#agent#') && sk === 'E');
  for (const name of ['ada']) {
    const mine = entries.filter(({ agentId }) => agentId === name);
    const sum = mine.reduce((all, { usdMicros, amountMinor }) => all + Number(usdMicros ?? amountMinor), 0);
    const earnings = items.find(({ pk, sk }) => pk.startsWith('FLEET#') && sk === `${name}#EARN`);
    if (sum !== Number(earnings?.revenueMicros ?? 0))
      fail(`${name} has entries of ${sum} and sums of ${String(earnings?.revenueMicros)}`);
  }
  const booked = new Set(entries.map(({ pk }) => pk));
  for (const sale of play.notes.get('sales') ?? [])
    if (![...booked].some((pk) => pk.endsWith(sale))) fail(`${sale} was never booked`);
}
