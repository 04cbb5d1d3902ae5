/** The Scheduler port on EventBridge Scheduler: one schedule per agent instance, sending ticks to the queue of runs. */
import {
  CreateScheduleCommand,
  type CreateScheduleCommandInput,
  DeleteScheduleCommand,
  GetScheduleCommand,
  type GetScheduleCommandOutput,
  ListSchedulesCommand,
  type SchedulerClient,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler';
import type { ErrorCode } from '../domain/error.ts';
import type { Scheduler, WantedSchedule } from '../ports/outside.ts';
import { errorName, serviceError } from './service-error.ts';

export type EventBridgeSchedulerOptions = {
  /** `nova-<stage>`; made by the work stack. */
  readonly group: string;
  readonly queueArn: string;
  /** May send to the two queues, and only for schedules of this group. */
  readonly roleArn: string;
  /** A standard queue: EventBridge Scheduler takes no other. */
  readonly deadLetterArn: string;
};

/** A tick later than this is worth nothing: an outage must not end in a stampede. */
const MAX_AGE_SECONDS = 3600;
/** AWS's own most; the age ends it much earlier. */
const RETRIES = 185;
/** AWS fills it in at each firing: 2026-11-20T08:15:00Z. */
const SCHEDULED_TIME = '<aws.scheduler.scheduled-time>';
const READS_AT_ONCE = 10;
/** Somebody else may delete or make the same schedule between two of our requests; more often than this, nobody does. */
const PUT_TRIES = 3;

const CODES: Readonly<Record<string, ErrorCode>> = {
  ValidationException: 'bad_input',
  // The schedules themselves are asked for with care; what can be missing is the group.
  ResourceNotFoundException: 'misconfigured',
  ServiceQuotaExceededException: 'misconfigured',
  // Another writer is at the same schedule right now.
  ConflictException: 'unavailable',
};

export class EventBridgeScheduler implements Scheduler {
  readonly #client: SchedulerClient;
  readonly #options: EventBridgeSchedulerOptions;

  constructor(client: SchedulerClient, options: EventBridgeSchedulerOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** One that already is as wanted stays untouched: an update would start a rate anew. */
  async put(wanted: WantedSchedule): Promise<void> {
    const input = createInput(wanted, this.#options);
    for (let tries = 1; ; tries++) {
      try {
        const actual = await this.#read(wanted.name);
        if (!actual) await this.#client.send(new CreateScheduleCommand(input));
        else if (!isAsWanted(actual, input)) await this.#client.send(new UpdateScheduleCommand(input));
        return;
      } catch (thrown) {
        const raced = ['ConflictException', 'ResourceNotFoundException'].includes(errorName(thrown));
        if (!raced || tries === PUT_TRIES) throw serviceError(`schedule ${wanted.name}`, thrown, CODES);
      }
    }
  }

  async delete(name: string): Promise<void> {
    try {
      await this.#client.send(new DeleteScheduleCommand({ GroupName: this.#options.group, Name: name }));
    } catch (thrown) {
      if (errorName(thrown) === 'ResourceNotFoundException') return;
      throw serviceError(`schedule ${name}`, thrown, CODES);
    }
  }

  /** A list names schedules without what they say, so each is read; one deleted in between is left out. */
  async list(agentId: string): Promise<readonly WantedSchedule[]> {
    try {
      const names = (await this.#names(`${agentId}-`)).filter((name) => /^\d+$/.test(name.slice(agentId.length + 1)));
      const found: WantedSchedule[] = [];
      for (let i = 0; i < names.length; i += READS_AT_ONCE) {
        const batch = names.slice(i, i + READS_AT_ONCE);
        const outputs = await Promise.all(batch.map((name) => this.#read(name)));
        found.push(...outputs.flatMap((output) => (output ? [wantedOf(agentId, output)] : [])));
      }
      return found;
    } catch (thrown) {
      throw serviceError(`schedules of ${agentId}`, thrown, CODES);
    }
  }

  async #names(prefix: string): Promise<string[]> {
    const names: string[] = [];
    let token: string | undefined;
    do {
      const page = await this.#client.send(
        new ListSchedulesCommand({ GroupName: this.#options.group, NamePrefix: prefix, NextToken: token }),
      );
      names.push(...(page.Schedules ?? []).flatMap(({ Name }) => (Name ? [Name] : [])));
      token = page.NextToken;
    } while (token);
    return names;
  }

  async #read(name: string): Promise<GetScheduleCommandOutput | null> {
    try {
      return await this.#client.send(new GetScheduleCommand({ GroupName: this.#options.group, Name: name }));
    } catch (thrown) {
      if (errorName(thrown) === 'ResourceNotFoundException') return null;
      throw thrown;
    }
  }
}

function createInput(wanted: WantedSchedule, options: EventBridgeSchedulerOptions): CreateScheduleCommandInput {
  const { agentId, instance, flexibleMinutes } = wanted;
  return {
    GroupName: options.group,
    Name: wanted.name,
    ScheduleExpression: wanted.schedule.expression,
    ScheduleExpressionTimezone: wanted.schedule.timezone,
    State: 'ENABLED',
    FlexibleTimeWindow:
      flexibleMinutes > 0 ? { Mode: 'FLEXIBLE', MaximumWindowInMinutes: flexibleMinutes } : { Mode: 'OFF' },
    // The reconciler deletes; a one-off that vanished by itself would be made again.
    ActionAfterCompletion: 'NONE',
    Target: {
      Arn: options.queueArn,
      RoleArn: options.roleArn,
      DeadLetterConfig: { Arn: options.deadLetterArn },
      RetryPolicy: { MaximumEventAgeInSeconds: MAX_AGE_SECONDS, MaximumRetryAttempts: RETRIES },
      Input: JSON.stringify({ v: 1, kind: 'tick', agentId, instance, scheduledFor: SCHEDULED_TIME }),
    },
  };
}

/** Everything we say, compared with what is there, target included: a schedule of an older form is brought up to date. */
function isAsWanted(actual: GetScheduleCommandOutput, wanted: CreateScheduleCommandInput): boolean {
  const { Target: is, FlexibleTimeWindow: window } = actual;
  const { Target: should, FlexibleTimeWindow: wantedWindow } = wanted;
  return (
    actual.ScheduleExpression === wanted.ScheduleExpression &&
    (actual.ScheduleExpressionTimezone ?? 'UTC') === wanted.ScheduleExpressionTimezone &&
    actual.State === wanted.State &&
    window?.Mode === wantedWindow?.Mode &&
    window?.MaximumWindowInMinutes === wantedWindow?.MaximumWindowInMinutes &&
    is?.Arn === should?.Arn &&
    is?.RoleArn === should?.RoleArn &&
    is?.Input === should?.Input &&
    is?.DeadLetterConfig?.Arn === should?.DeadLetterConfig?.Arn &&
    is?.RetryPolicy?.MaximumEventAgeInSeconds === should?.RetryPolicy?.MaximumEventAgeInSeconds &&
    is?.RetryPolicy?.MaximumRetryAttempts === should?.RetryPolicy?.MaximumRetryAttempts
  );
}

/** A disabled schedule does not fire: it is told under an expression that nobody wants, so that it is put right. */
function wantedOf(agentId: string, output: GetScheduleCommandOutput): WantedSchedule {
  const { Name: name = '', ScheduleExpression = '', ScheduleExpressionTimezone = 'UTC', FlexibleTimeWindow } = output;
  return {
    name,
    agentId,
    instance: Number(name.slice(agentId.length + 1)),
    schedule: {
      expression: output.State === 'ENABLED' ? ScheduleExpression : `disabled: ${ScheduleExpression}`,
      timezone: ScheduleExpressionTimezone,
    },
    flexibleMinutes: FlexibleTimeWindow?.MaximumWindowInMinutes ?? 0,
  };
}
