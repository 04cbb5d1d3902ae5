/** The work queue: what must happen after a change was committed. One message, one thing to do, each idempotent. */
import type { World } from '../ports/world.ts';
import type { Call, Later, QueueJob } from '../runtime/job.ts';
import { offerCancel } from '../store/approval-cancel.ts';
import { noteDelivery } from '../store/approval-delivery.ts';
import { mailEnrolment } from '../store/enrolment-store.ts';
import { WorkDelivery } from '../wire/task-event.ts';
import { checkCrashes } from './check-crashes.ts';
import { checkRunaway } from './check-runaway.ts';
import { executeDecision } from './execute-decision.ts';
import { followHalt } from './halt-scope.ts';
import { notify } from './notify.ts';
import { nudgeApproval } from './nudge-approvals.ts';
import { reconcileAgent } from './reconcile-agent.ts';
import { requestApproval } from './request-approval.ts';
import { tellAgent } from './tell-agent.ts';
import { tellAlert, testChannel } from './tell-alert.ts';
import { tellChange } from './tell-change.ts';

const NEEDS = {
  table: true,
  policy: true,
  time: true,
  ids: true,
  hashing: true,
  settings: true,
  publicUrl: true,
  log: true,
  work: true,
  runs: true,
  launcher: true,
  scheduler: true,
  mailer: true,
  pager: true,
  events: true,
  secrets: true,
} as const;
export type WorkPorts = Pick<World, keyof typeof NEEDS>;

export const doWorkJob: QueueJob<WorkDelivery, WorkPorts> = {
  name: 'do-work',
  needs: NEEDS,
  longestWaitSeconds: 600,
  // What ECS tells comes as EventBridge spells it.
  parse: (body) => WorkDelivery.parse(body),
  async run(message, world, call) {
    const later = await doWork(message, world, call);
    if (later === undefined) await tellChange(message, world);
    return later;
  },
};

async function doWork(message: WorkDelivery, world: WorkPorts, call: Call): Promise<Later | undefined> {
  switch (message.kind) {
    case 'reconcile':
      return reconcileAgent(message, world);
    case 'check-crashes':
      return checkCrashes(world, message.agentId).then(() => undefined);
    case 'check-runaway':
      return checkRunaway(world, message.agentId).then(() => undefined);
    case 'halt':
      return followHalt(message, world);
    case 'tell-alert':
      return tellAlert(message, world, call);
    case 'test-channel':
      return testChannel(message, world).then(() => undefined);
    case 'execute-decision':
      return executeDecision(message, world);
    case 'request-approval':
      return requestApproval(message, world);
    case 'offer-cancel':
      return offerCancel(world, message.approvalId).then(() => undefined);
    case 'enrol-passkey':
      return mailEnrolment(world, message.enrolmentId).then(() => undefined);
    case 'tell-agent':
      return tellAgent(message, world);
    case 'nudge-approval':
      return nudgeApproval(message, world);
    case 'mail-events':
      for (const event of message.events) await noteDelivery(world, event);
      return undefined;
    case 'task-stopped':
      // Few stages run tasks, and nothing else needs what closes a run.
      return (await import('./task-stopped.ts')).taskStopped(message, world);
    case 'notify':
      return notify(message, world);
  }
}
