/** Every key shape and index of the table; nothing else spells one. Keys are ASCII. */
import type { Key } from '../ports/table.ts';

const SHARDS = 16;
const pad = (n: number, width: number): string => n.toString().padStart(width, '0');

/** FNV-1a over UTF-16 units: cheap, stable, spread well enough over 16 shards. */
export function shardOf(agentId: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < agentId.length; i++) hash = Math.imul(hash ^ agentId.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % SHARDS;
}

export const shards: readonly number[] = Array.from({ length: SHARDS }, (_, shard) => shard);
export const fleetPk = (shard: number): string => `FLEET#${pad(shard, 2)}`;
export const instanceSkPrefix = (agentId: string): string => `${agentId}#`;
export const instanceKey = (agentId: string, n: number): Key => ({
  pk: fleetPk(shardOf(agentId)),
  sk: `${agentId}#${pad(n, 3)}`,
});
export const earningsKey = (agentId: string): Key => ({ pk: fleetPk(shardOf(agentId)), sk: `${agentId}#EARN` });

export const agentsPk = 'AGENTS';
export const agentKey = (agentId: string): Key => ({ pk: agentsPk, sk: agentId });
export const specKey = (agentId: string, version: number): Key => ({
  pk: `SPEC#${agentId}`,
  sk: `v${pad(version, 6)}`,
});

export const runPagePk = (agentId: string, n: number): string => `RUN#${agentId}#${pad(n, 3)}`;
/** Sorted by the start of the first run in the page; its slot makes the key unique. */
export const runPageKey = (agentId: string, n: number, startedAt: number, slot: string): Key => ({
  pk: runPagePk(agentId, n),
  sk: `${pad(startedAt, 14)}#${slot}`,
});
export const lateKey = (agentId: string, n: number, slot: string): Key => ({
  pk: `LATE#${agentId}#${pad(n, 3)}`,
  sk: slot,
});
export const latePk = (agentId: string, n: number): string => `LATE#${agentId}#${pad(n, 3)}`;
/** A receipt that is too long for its run's record; its fence tells it from that of another try. */
export const receiptKey = (agentId: string, n: number, id: { readonly slot: string; readonly fence: number }): Key => ({
  pk: `RECEIPT#${agentId}#${pad(n, 3)}`,
  sk: `${id.slot}#${id.fence}`,
});
export const stateKey = (agentId: string, n: number): Key => ({ pk: `STATE#${agentId}#${pad(n, 3)}`, sk: 'state' });
/** Of a run that goes on, or was lost and will: its own, whatever other runs of the instance do in between. */
export const checkpointKey = (agentId: string, n: number, slot: string): Key => ({
  pk: `STATE#${agentId}#${pad(n, 3)}`,
  sk: `checkpoint#${slot}`,
});
/** What the last tasks of it used. */
export const useKey = (agentId: string, n: number): Key => ({ pk: `STATE#${agentId}#${pad(n, 3)}`, sk: 'use' });
export const dayPk = (agentId: string): string => `DAY#${agentId}`;
export const dayKey = (agentId: string, date: string, n: number): Key => ({
  pk: dayPk(agentId),
  sk: `${date}#${pad(n, 3)}`,
});

/** Scopes: `fleet`, `department:<name>`, `agent:<id>`. Kind: `usd-day`, `runs-hour` … */
export const limitPk = 'LIMITS';
export const limitKey = (scope: string, kind: string): Key => ({ pk: limitPk, sk: `${scope}#${kind}` });
/** The owner's zone and when it began. */
export const calendarKey: Key = { pk: 'CALENDAR', sk: 'current' };
export const budgetPk = (scope: string): string => `BUDGET#${scope}`;
export const budgetKey = (scope: string, kind: string, periodStart: string): Key => ({
  pk: budgetPk(scope),
  sk: `${kind}#${periodStart}`,
});

export const entryKey = (source: string, movementId: string): Key => ({ pk: `ENTRY#${source}#${movementId}`, sk: 'E' });
/** All that is known of one payment: beside the entry of the payment itself. */
export const paymentKey = (source: string, payment: string): Key => ({ pk: `ENTRY#${source}#${payment}`, sk: 'P' });
/** A vendor's message as it came, by its own id. */
export const originalKey = (source: string, eventId: string): Key => ({ pk: `ENTRY#${source}#${eventId}`, sk: 'O' });
/** The UTC dates that have entries. */
export const ledgerDaysPk = 'ENTRY#days';
export const ledgerDayKey = (date: string): Key => ({ pk: ledgerDaysPk, sk: date });
/** Sums of one UTC date, by agent (or nobody) and source. */
export const ledgerSumsPk = (date: string): string => `ENTRY#sums#${date}`;
export const ledgerSumsKey = (date: string, owner: string, source: string): Key => ({
  pk: ledgerSumsPk(date),
  sk: `${owner}#${source}`,
});
/** Rules for money of several agents: versions are added, never changed. */
export const splitsPk = 'ENTRY#splits';
export const splitPrefix = (target: string): string => `${encodeURIComponent(target)}#`;
export const splitKey = (target: string, version: number): Key => ({
  pk: splitsPk,
  sk: `${splitPrefix(target)}${pad(version, 6)}`,
});
/** A month of AWS's bill by service, and how far it has been put right. */
export const trueUpPk = 'ENTRY#trueup';
export const trueUpKey = (month: string, service: string): Key => ({ pk: trueUpPk, sk: `${month}#${service}` });
/** The head of the audit trail of what people booked and assigned by hand. */
export const ledgerBookKey: Key = { pk: 'ENTRY#book', sk: 'H' };
/** How far the books of a vendor have been compared with ours, and what is known of the connection. */
/** How far items of an older version have been written anew. */
export const migrationKey = (id: string): Key => ({ pk: 'ENTRY#migration', sk: id });

export const connectorKey = (source: string): Key => ({ pk: 'ENTRY#connector', sk: source });
export const connectorsPk = 'ENTRY#connector';
/** Whose a connected account of a vendor is. */
export const accountPk = (source: string): string => `ENTRY#account#${source}`;
export const accountKey = (source: string, account: string): Key => ({ pk: accountPk(source), sk: account });
/** What became of the deliveries of one UTC date, counted. */
export const intakePk = (source: string): string => `ENTRY#intake#${source}`;
export const intakeKey = (source: string, date: string): Key => ({ pk: intakePk(source), sk: date });
/** Which agent sells a product, price or payment link of a vendor. */
export const artifactKey = (source: string, id: string): Key => ({ pk: `ENTRY#artifact#${source}#${id}`, sk: 'A' });
export const dayIndex = (type: string, date: string): string => `${type}#${date}`;

export const decisionKey = (id: string): Key => ({ pk: `DECISION#${id}`, sk: 'D' });
export const decisionLockKey = (agentId: string, kind: string): Key => ({ pk: `LOCK#${agentId}`, sk: kind });
export const approvalKey = (id: string): Key => ({ pk: `APPROVAL#${id}`, sk: 'A' });
/** When the owner last had a list of all that waits. */
export const approvalDigestKey: Key = { pk: 'APPROVAL#digest', sk: 'D' };
export const requestKey = (id: string): Key => ({ pk: `REQUEST#${id}`, sk: 'R' });
/** Open things by type in the sparse index: OPEN#decision, OPEN#approval, OPEN#request. */
export const openIndex = (type: string): string => `OPEN#${type}`;

/** The kill switch: which scopes it is on for, one item per scope, the emergency limit, and the links in mails. */
export const haltPk = 'HALT';
export const haltGateKey: Key = { pk: haltPk, sk: 'gate' };
export const haltPrefix = 'scope#';
export const haltKey = (scope: string): Key => ({ pk: haltPk, sk: `${haltPrefix}${scope}` });
export const emergencyKey: Key = { pk: haltPk, sk: 'emergency' };
/** Apart from the switch: whoever makes links may delete old ones, and nobody deletes a switch. In order of time. */
export const stopLinksPk = 'STOPLINK';
export const stopLinkKey = (id: string): Key => ({ pk: stopLinksPk, sk: id });

export const auditPk = (entity: string): string => `AUDIT#${entity}`;
export const auditKey = (entity: string, seq: number): Key => ({ pk: auditPk(entity), sk: pad(seq, 10) });

/** The one chain over all chains. Its number is its key, so that two anchors cannot both follow the same one. */
export const anchorPk = 'ANCHOR';
export const anchorKey = (seq: number): Key => ({ pk: anchorPk, sk: pad(seq, 10) });

export const outboxPk = 'OUTBOX';
export const outboxKey = (id: string): Key => ({ pk: outboxPk, sk: id });
/** The people of the workspace, and the register whose version every change of them moves. */
export const operatorPk = 'OPERATOR';
export const operatorKey = (id: string): Key => ({ pk: operatorPk, sk: id });
export const operatorRegisterKey: Key = { pk: operatorPk, sk: '#register' };
/** An invitation to make a passkey. */
export const enrolmentKey = (id: string): Key => ({ pk: `ENROLMENT#${id}`, sk: 'E' });
/** The workspace's autonomy mode and thresholds. */
export const policyKey: Key = { pk: 'POLICY', sk: 'current' };
/** The ladder of dollars, the lists of categories, whose rules judge; and each version of it as it once was. */
export const rulesKey: Key = { pk: 'POLICY', sk: 'rules' };
export const rulesVersionKey = (version: number): Key => ({ pk: 'POLICY', sk: `rules#v${pad(version, 6)}` });
/** Compiled rules of the owner's own, by their hash. */
export const ownRulesKey = (sha256: string): Key => ({ pk: 'POLICY', sk: `wasm#${sha256}` });
/** What the months should bring. */
/** Who set a secret and when; never its value. */
export const secretPrefix = 'secret#';
export const secretKey = (name: string): Key => ({ pk: 'POLICY', sk: `${secretPrefix}${name}` });
export const targetsKey: Key = { pk: 'POLICY', sk: 'targets' };

/** What is wrong, by rule and subject; each through its episodes. */
export const alertsPk = 'ALERTS';
export const alertKey = (id: string): Key => ({ pk: alertsPk, sk: id });
/** Where it is told, beside what is there without anybody adding it. */
export const channelsPk = 'CHANNELS';
export const channelKey = (name: string): Key => ({ pk: channelsPk, sk: name });
/** Signs of life: when something last ended well, and what was counted lately. */
export const pulsePk = 'PULSE';
export const pulseKey = (name: string): Key => ({ pk: pulsePk, sk: name });

/** Schedules kept on one machine; on AWS they live in EventBridge Scheduler. */
export const schedulesPk = 'SCHEDULES';
export const scheduleSkPrefix = (group: string, namePrefix = ''): string => `${group}/${namePrefix}`;
export const scheduleKey = (group: string, name: string): Key => ({ pk: schedulesPk, sk: `${group}/${name}` });
/** Schedules that will fire again, in the sparse index, by when they are due. */
export const dueSchedulesIndex = 'DUE#schedule';
export const dueScheduleSk = (dueAt: number, sk: string): string => `${pad(dueAt, 14)}#${sk}`;
export const dueScheduleUntil = (ms: number): string => `${pad(ms, 14)}~`;
