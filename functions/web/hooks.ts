/** Where vendors tell of money and mail. What answers 2xx is durable in a queue; what is not genuine never gets there. */
import { gumroadHook } from '../../shared/connectors/gumroad-hook.ts';
import type { Hook, HookPorts } from '../../shared/connectors/hook-request.ts';
import { ledgerHook } from '../../shared/connectors/ledger-hook.ts';
import { sendgridHook } from '../../shared/connectors/sendgrid-events.ts';
import { stripeHook } from '../../shared/connectors/stripe-hook.ts';
import { NovaError } from '../../shared/domain/error.ts';
import type { WebJob } from '../../shared/runtime/job.ts';
import { lambdaWeb } from '../../shared/runtime/lambda.ts';

const HOOKS: readonly (readonly [RegExp, Hook])[] = [
  [/^\/hooks\/stripe$/, stripeHook],
  [/^\/hooks\/gumroad\/[^/]{1,200}$/, gumroadHook],
  [/^\/hooks\/ledger$/, ledgerHook],
  [/^\/hooks\/sendgrid$/, sendgridHook],
];

export const hooksJob: WebJob<HookPorts> = {
  name: 'hooks',
  needs: { time: true, secrets: true, revenue: true, work: true },
  async run(request, world) {
    const hook = HOOKS.find(([path]) => request.method === 'POST' && path.test(request.path))?.[1];
    if (!hook) throw new NovaError('not_found', 'there is nothing here');
    await hook(request, world);
    return { status: 200, headers: { 'content-type': 'application/json' }, body: '{"received":true}' };
  },
};

export const job = hooksJob;
export const handler = lambdaWeb(job, () => import('../../shared/aws/world.ts'));
