/** What people, shops and agents' owners do meanwhile: ask for runs, scale, pause, pay, approve, turn the kill switch. */
import type { DecisionAction, Verdict } from '../../../shared/domain/decision.ts';
import { closeAdmission } from '../../../shared/jobs/close-admission.ts';
import { closeScope, voidDecisions } from '../../../shared/jobs/halt-scope.ts';
import type { World } from '../../../shared/ports/world.ts';
import { changeAgent, getAgent } from '../../../shared/store/agent-store.ts';
import { createDecision } from '../../../shared/store/decision-store.ts';
import { publishTurn, turnHalt } from '../../../shared/store/halt-store.ts';
import { requestRuns } from '../../../shared/store/request-store.ts';
import { letterFrom } from '../../fixtures/approval-world.ts';
import { NAMES } from './cast.ts';
import { PUBLIC_URL } from './cloud.ts';
import type { Play } from './play.ts';
import { OPERATOR } from './stage.ts';

const by = { actor: OPERATOR, why: 'because' };
const SCALABLE = ['ada', 'dot', 'eve'] as const;

export class People {
  readonly #play: Play;
  paid = 0;

  constructor(play: Play) {
    this.#play = play;
  }

  /** Any of it, by chance. */
  async act(): Promise<void> {
    const { throws } = this.#play;
    const acts: readonly (() => Promise<unknown>)[] = [
      () => this.request(throws.pick(['gil', 'eve', 'ada', 'cyd']), 1 + throws.below(3)),
      () => this.request('ada', 1),
      () => this.request(throws.pick(['gil', 'cyd']), 1),
      () => this.pay(),
      () => this.propose(),
      () => this.propose(),
      () => this.press(),
      () => this.press(),
      () => this.scale(throws.pick(SCALABLE), 1 + throws.below(3)),
      () => this.pause(throws.pick(['ada', 'eve', 'cyd'])),
      () => this.resume(),
    ];
    await throws.pick(acts)();
  }

  #do(work: (world: World) => Promise<unknown>): Promise<unknown> {
    return this.#play.cloud.start('operator', (world) => work(world).catch(() => undefined));
  }

  request(agentId: string, times: number): Promise<unknown> {
    const order = { agentId, instance: 0, times, actor: OPERATOR };
    return this.#do(async (world) => this.#play.note('requests', (await requestRuns(world, order)).id));
  }

  scale(agentId: string, instances: number): Promise<unknown> {
    return this.#do((world) => changeAgent(world, agentId, { instances }, by));
  }

  reschedule(agentId: string, minutes: number): Promise<unknown> {
    const schedule = { expression: `rate(${minutes} minutes)`, timezone: 'UTC' };
    return this.#do((world) => changeAgent(world, agentId, { schedule }, by));
  }

  /** Acknowledged: no run starts any more when it is done. */
  pause(agentId: string, done: () => void = () => {}): Promise<unknown> {
    return this.#do(async (world) => {
      const agent = await changeAgent(world, agentId, { status: 'paused', pauseReason: 'operator' }, by);
      await closeAdmission(world, agent);
      done();
    });
  }

  resume(): Promise<unknown> {
    return this.#do(async (world) => {
      for (const name of NAMES) {
        const agent = await getAgent(world.table, name);
        if (agent?.status === 'paused') await changeAgent(world, name, { status: 'active' }, by).catch(() => undefined);
      }
    });
  }

  /** A shop tells of a sale, signed and verified already. */
  async pay(times = 1): Promise<void> {
    const { cloud } = this.#play;
    const id = `sale-${++this.paid}`;
    const message = {
      ...({ v: 1, kind: 'earned', movementId: id, agentId: 'ada' } as const),
      ...{ runId: 'ada.0.x', amountMicros: 250_000 },
      at: cloud.clock.now(),
    };
    this.#play.note('sales', id);
    for (let time = 0; time < times; time++) cloud.send('revenue', message);
  }

  /** A decision that asks: ada is to grow. */
  propose(): Promise<unknown> {
    return this.#do(async (world) => {
      const agent = await getAgent(world.table, 'ada');
      if (!agent) return;
      const { instances } = agent;
      const action: DecisionAction = {
        kind: 'scale_up',
        agentId: 'ada',
        fromInstances: instances,
        toInstances: instances + 1,
      };
      const verdict: Verdict = {
        ...{ action, why: 'it earns', risk: 'medium', confidenceBps: 9_000, expectedRoiBps: 40_000 },
        ...{ costImpactMicrosPerDay: 60_000_000, needsApproval: true, evidence: { runs: 9, instances } },
      };
      await createDecision(world, {
        verdict,
        status: 'awaiting_approval',
        rule: 'threshold@1',
        actor: 'system:evaluate-agents',
      });
    });
  }

  /** The newest mail that asks is answered on its page, yes more often than no. */
  async press(): Promise<boolean> {
    const { cloud, throws, platform } = this.#play;
    const mail = cloud.mails.findLast(({ dedupKey }) => dedupKey.startsWith('approval-request:'));
    if (!mail) return false;
    const letter = letterFrom(mail, '');
    const approval = cloud.table.get({ pk: `APPROVAL#${letter.approvalId}`, sk: 'A' });
    const decision = throws.chance(0.8) ? 'approve' : 'reject';
    const code = decision === 'approve' ? letter.approveCode : letter.rejectCode;
    const body = { token: letter.token, decision, actionHash: String(approval?.actionHash ?? ''), code };
    await platform.web({
      ...{ method: 'POST', path: `/a/${letter.approvalId}/decide`, sourceIp: '203.0.113.7' },
      headers: {
        ...{ 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
        origin: new URL(PUBLIC_URL).origin,
      },
      body: new TextEncoder().encode(JSON.stringify(body)),
    });
    return true;
  }

  /** As the command does it; acknowledged when admission is closed. */
  kill(scope: 'fleet' | `agent:${string}` | `department:${string}`): Promise<unknown> {
    return this.#do(async (world) => {
      const { halt, posted } = await turnHalt(world, { scope, on: true, actor: OPERATOR, reason: 'stop' });
      const agents = await closeScope(world, halt);
      if (this.#isOn(scope)) this.#play.watch.acked.add(scope);
      await publishTurn(world, posted);
      await voidDecisions(world, agents, halt);
    });
  }

  #isOn(scope: string): boolean {
    return this.#play.cloud.table.get({ pk: 'HALT', sk: `scope#${scope}` })?.on === true;
  }

  /** Every switch is off again. */
  release(): Promise<unknown> {
    return this.#do(async (world) => {
      const gate = this.#play.cloud.table.get({ pk: 'HALT', sk: 'gate' });
      for (const scope of (gate?.scopes ?? []) as readonly string[]) {
        const turn = { scope: scope as 'fleet', on: false, actor: OPERATOR, reason: 'it is over' };
        const { posted } = await turnHalt(world, turn);
        await publishTurn(world, posted);
      }
    });
  }
}
