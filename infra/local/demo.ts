/**
 * The demo fleet. It does what a user would do, through the same commands, on an empty data directory only; its
 * customers pay through Stripe events that are really signed and come in by the public webhook.
 */
import type { JsonObject } from '../../shared/domain/agent.ts';
import { messageOf } from '../../shared/domain/error.ts';
import { listAgents } from '../../shared/store/agent-store.ts';
import { payOnce } from './demo-payments.ts';
import type { Engine } from './engine.ts';

type Control = (body: unknown) => Promise<unknown>;
export type Demo = { stop(): void };

const RUNS = 25;
const PAYMENT_MS = 6_000;
const ACTOR = 'cli:demo';

type Member = {
  readonly name: string;
  readonly department: string;
  readonly blueprint: string;
  readonly schedule: string | null;
  readonly config: JsonObject;
};

const outcome = (costUsd: string, revenueUsd: string): JsonObject => ({ ok: true, costUsd, revenueUsd, sleepMs: 150 });

const FLEET: readonly Member[] = [
  // Earns five times its cost, seldom: small enough to be scaled unasked.
  {
    name: 'newsletter',
    department: 'marketing',
    blueprint: 'lab.scripted',
    schedule: 'rate(1 hour)',
    config: { outcomes: [outcome('0.10', '0.60')] },
  },
  // Earns well every minute: a second instance would add more than $50 a day, so the owner is asked.
  {
    name: 'lead-finder',
    department: 'sales',
    blueprint: 'lab.scripted',
    schedule: 'rate(1 minute)',
    config: { outcomes: [outcome('0.08', '0.40')] },
  },
  // Pays and never earns.
  {
    name: 'gig-hunter',
    department: 'research',
    blueprint: 'lab.scripted',
    schedule: 'rate(1 hour)',
    config: { outcomes: [outcome('0.10', '0')] },
  },
  // Breaks.
  {
    name: 'flaky-scraper',
    department: 'research',
    blueprint: 'lab.scripted',
    schedule: 'rate(1 hour)',
    config: { outcomes: [{ crash: 'the site changed its layout' }] },
  },
  // Sells what it made; customers pay through Stripe.
  {
    name: 'prompt-shop',
    department: 'product',
    blueprint: 'store.digital',
    schedule: 'rate(1 hour)',
    config: {
      products: [
        { id: 'prompt-pack', name: 'Prompt pack', priceUsd: '19' },
        { id: 'toolkit', name: 'Launch toolkit', priceUsd: '39' },
      ],
    },
  },
];

/** Sets the fleet up if there is none, and lets customers pay until it is stopped. */
export async function startDemo(engine: Engine, control: Control): Promise<Demo> {
  const { world } = engine;
  if ((await listAgents(world.table)).length === 0) await deployFleet(control);
  const secret = await world.secrets.get('stripe-webhook-secret');
  const pay = (): void => {
    payOnce({ url: engine.place.url, secret, agentId: 'prompt-shop' }).catch((thrown: unknown) => {
      world.log.warn('a demo payment failed', { why: messageOf(thrown) });
    });
  };
  pay();
  const timer = setInterval(pay, PAYMENT_MS);
  return { stop: () => clearInterval(timer) };
}

async function deployFleet(control: Control): Promise<void> {
  await ask(control, ['autonomy', 'set'], { mode: 'auto' });
  for (const { name, department, blueprint, schedule, config } of FLEET) {
    await ask(control, ['agent', 'deploy'], { blueprint, name, department, config, ...(schedule ? { schedule } : {}) });
  }
  for (const { name } of FLEET) await ask(control, ['run', 'now'], { agent: name, times: RUNS });
}

async function ask(control: Control, command: readonly string[], input: JsonObject): Promise<void> {
  const answer = (await control({ command, input, actor: ACTOR })) as { error?: { message: string } };
  if (answer.error) throw new Error(`the demo could not ${command.join(' ')}: ${answer.error.message}`);
}
