/**
 * A hundred answers at once: exactly one of them counts, and what it says is done exactly once. NOVA_CROWD_REPEATS=1000 is
 * the long run.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { dynamoDbClient } from '../../shared/aws/clients/dynamodb.ts';
import { ensureTable } from '../../shared/aws/dynamo-schema.ts';
import { dynamoTable } from '../../shared/aws/dynamo-table.ts';
import type { Answer } from '../../shared/domain/approval.ts';
import type { Verdict } from '../../shared/domain/decision.ts';
import { openSqliteDb } from '../../shared/embedded/sqlite-db.ts';
import { sqliteTable } from '../../shared/embedded/sqlite-table.ts';
import { dice } from '../../shared/memory/dice.ts';
import type { Table } from '../../shared/ports/table.ts';
import { getAgent } from '../../shared/store/agent-store.ts';
import { decideApproval } from '../../shared/store/approval-answer.ts';
import { auditChain } from '../../shared/store/audit-store.ts';
import { getDecision } from '../../shared/store/decision-store.ts';
import { dummyAws, dynoxide } from '../contract/local-aws.ts';
import { type ApprovalWorld, ask, press } from '../fixtures/approval-world.ts';
import { deployed, type FleetWorld, fleetWorld, OPERATOR, setPolicy, work } from '../fixtures/fleet-world.ts';

const REPEATS = Number(process.env.NOVA_CROWD_REPEATS ?? 6);
const CROWD = 100;

const VERDICT: Verdict = {
  action: { kind: 'scale_up', agentId: 'shop', fromInstances: 1, toInstances: 2 },
  ...{ why: 'it earns', risk: 'low', confidenceBps: 10_000, expectedRoiBps: null },
  ...{ costImpactMicrosPerDay: 1_000_000, needsApproval: true, evidence: {} },
};

/** Every operation of the table waits for a few turns, drawn from the seed: no two crowds come through alike. */
function shuffled(table: Table, seed: number): Table {
  const throws = dice(seed);
  const late = async <T>(operation: () => Promise<T>): Promise<T> => {
    for (let turns = throws.below(6); turns > 0; turns--) await null;
    if (throws.chance(0.1)) await new Promise((resolve) => setImmediate(resolve));
    return operation();
  };
  return {
    get: (key) => late(() => table.get(key)),
    query: (query) => late(() => table.query(query)),
    write: (op) => late(() => table.write(op)),
    transact: (ops) => late(() => table.transact(ops)),
  };
}

/** Half of them by name, half by the link and its code. */
async function answerAll(world: FleetWorld, answers: readonly Answer[]): Promise<void> {
  await deployed(world);
  await setPolicy(world, { mode: 'auto' });
  world.mails.length = 0;
  // Asking and answering use the table as any other job does, whichever table it is.
  const asking = world as unknown as ApprovalWorld;
  const letter = await ask(asking, VERDICT);
  const answered = await Promise.allSettled(
    answers.map(async (answer, index) => {
      if (index % 4 < 2) return (await press(asking, letter, answer)).status === 303;
      const proof = { kind: 'identity', actor: OPERATOR } as const;
      const result = await decideApproval(world, { approvalId: letter.approvalId, answer, proof });
      return result.kind === 'recorded';
    }),
  );
  const won = answered.flatMap((one, index) => (one.status === 'fulfilled' && one.value ? [answers[index]] : []));
  assert.ok(won.length > 0, 'somebody is answered');
  assert.equal(new Set(won).size, 1, `both answers were told that they count: ${new Set(won).size}`);
  await work(world);
  await work(world);
  const verbs = await verbsOf(world, `approval:${letter.approvalId}`);
  const given = verbs.filter((verb) => verb === 'approval.approved' || verb === 'approval.rejected');
  assert.deepEqual(given, [won[0] === 'approve' ? 'approval.approved' : 'approval.rejected']);
  const decision = await getDecision(world.table, letter.decisionId);
  assert.equal(decision?.status, won[0] === 'approve' ? 'executed' : 'rejected');
  assert.equal((await getAgent(world.table, 'shop'))?.instances, won[0] === 'approve' ? 2 : 1);
  const scaled = (await verbsOf(world, 'agent:shop')).filter((verb) => verb === 'agent.scaled');
  assert.equal(scaled.length, won[0] === 'approve' ? 1 : 0, 'it is done as often as it was said');
}

const verbsOf = async ({ table }: FleetWorld, entity: string): Promise<string[]> =>
  (await auditChain(table, entity)).map(({ bytes }) => (JSON.parse(bytes) as { action: string }).action);

const APPROVE = Array<Answer>(CROWD).fill('approve');
const BOTH = Array.from({ length: CROWD }, (_, n): Answer => (n % 2 === 0 ? 'approve' : 'reject'));
const CROWDS = [
  ['a hundred say yes at once', APPROVE],
  ['fifty say yes and fifty no at once', BOTH],
] as const;

for (const [name, answers] of CROWDS) {
  test(`${name}: one winner and one execution, ${REPEATS} times`, async () => {
    for (let seed = 1; seed <= REPEATS; seed++) {
      await answerAll(
        fleetWorld((table) => shuffled(table, seed)),
        answers,
      );
    }
  });

  test(`${name}: one winner and one execution, on SQLite`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nova-crowd-'));
    const db = openSqliteDb({ path: join(folder, 'nova.sqlite'), synchronous: 'NORMAL' });
    try {
      await answerAll(
        fleetWorld(() => sqliteTable(db)),
        answers,
      );
    } finally {
      db.close();
      rmSync(folder, { recursive: true });
    }
  });

  test(`${name}: one winner and one execution, on DynamoDB`, { skip: dynoxide.missing ?? false }, async () => {
    dummyAws();
    const { endpoint, stop } = await dynoxide.start();
    process.env.AWS_ENDPOINT_URL_DYNAMODB = endpoint;
    const client = dynamoDbClient();
    try {
      await ensureTable(client, 'nova-crowd');
      const table = dynamoTable({ client, tableName: 'nova-crowd' });
      await answerAll(
        fleetWorld(() => table),
        answers,
      );
    } finally {
      client.destroy();
      await stop();
    }
  });
}
