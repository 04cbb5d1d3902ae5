/** Where vendors tell of money and mail. What answers 2xx is durable in a queue; what is not genuine never gets there. */
import { freshly } from '../../shared/connectors/fresh-hook.ts';
import { GUMROAD_PING_SECRET, gumroadHook } from '../../shared/connectors/gumroad-hook.ts';
import type { Hook, HookPorts } from '../../shared/connectors/hook-request.ts';
import { LEDGER_HOOK_SECRET, ledgerHook } from '../../shared/connectors/ledger-hook.ts';
import { SENDGRID_EVENTS_KEY, sendgridHook } from '../../shared/connectors/sendgrid-events.ts';
import { stripeHook } from '../../shared/connectors/stripe-hook.ts';
import { NovaError } from '../../shared/domain/error.ts';
import type { World } from '../../shared/ports/world.ts';
import type { WebJob } from '../../shared/runtime/job.ts';
import { lambdaWeb } from '../../shared/runtime/lambda.ts';
import { turnedAway } from '../../shared/store/pulse-store.ts';

const HOOKS: readonly (readonly [RegExp, Hook])[] = [
  [/^\/hooks\/stripe$/, freshly('stripe-webhook-secret', stripeHook)],
  [/^\/hooks\/gumroad\/[^/]{1,200}$/, freshly(GUMROAD_PING_SECRET, gumroadHook)],
  [/^\/hooks\/ledger$/, freshly(LEDGER_HOOK_SECRET, ledgerHook)],
  [/^\/hooks\/sendgrid$/, freshly(SENDGRID_EVENTS_KEY, sendgridHook)],
];
type Ports = HookPorts & Pick<World, 'table'>;

export const hooksJob: WebJob<Ports> = {
  name: 'hooks',
  needs: { table: true, time: true, secrets: true, revenue: true, work: true },
  async run(request, world) {
    const hook = HOOKS.find(([path]) => request.method === 'POST' && path.test(request.path))?.[1];
    if (!hook) throw new NovaError('not_found', 'there is nothing here');
    await hook(request, world).catch((thrown: unknown) => turnedAway(world, request.path, thrown));
    return { status: 200, headers: { 'content-type': 'application/json' }, body: '{"received":true}' };
  },
};

export const job = hooksJob;
export const handler = lambdaWeb(job, () => import('../../shared/aws/world.ts'));
