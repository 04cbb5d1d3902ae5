/** EventBridge Scheduler's API (REST JSON) over the Scheduler of this machine: schedules made through the SDK do fire. */
import type { JsonObject } from '../../../shared/domain/agent.ts';
import { NovaError } from '../../../shared/domain/error.ts';
import type { ScheduleBook } from '../scheduler/book.ts';
import type { ScheduleDraft, ScheduleEntry, ScheduleTarget } from '../scheduler/entry.ts';
import { type ApiCall, ApiError, type AwsApi } from './api-server.ts';
import { numberOf, objectOf, optionalText, textOf } from './fields.ts';

/** What AWS gives a target without a retry policy. */
const MAX_AGE_SECONDS = 86_400;
const PAGE = 100;
/** Understood by AWS and not imitated here: refused rather than ignored. */
const NOT_IMITATED = ['StartDate', 'EndDate'];

export type SchedulerApiOptions = {
  readonly book: ScheduleBook;
  /** Groups that exist; on AWS a stack makes them. */
  readonly groups: readonly string[];
};

export function schedulerApi(options: SchedulerApiOptions): AwsApi {
  return {
    owns: ({ target, path }) => target === '' && /^\/schedules(\/|$)/.test(path),
    answer: async (call) => {
      try {
        return await answer(options, call);
      } catch (thrown) {
        throw apiErrorOf(thrown);
      }
    },
  };
}

function apiErrorOf(thrown: unknown): unknown {
  if (!(thrown instanceof NovaError)) return thrown;
  if (thrown.code === 'conflict') return new ApiError('ConflictException', 409, thrown.message);
  if (thrown.code === 'not_found') return new ApiError('ResourceNotFoundException', 404, thrown.message);
  return thrown;
}

async function answer({ book, groups }: SchedulerApiOptions, call: ApiCall): Promise<JsonObject> {
  const name = call.path.slice('/schedules/'.length);
  const group = groupOf(call);
  if (!groups.includes(group)) throw new NovaError('not_found', `there is no schedule group ${group}`);
  if (name === '') return list(book, group, call.query);
  if (call.method === 'POST' || call.method === 'PUT') {
    await book.put(draftOf(group, name, call.body), call.method === 'POST' ? 'create' : 'update');
    return { ScheduleArn: scheduleArn(group, name) };
  }
  if (call.method === 'DELETE' && (await book.delete(group, name))) return {};
  const entry = await book.get(group, name);
  if (!entry) throw new NovaError('not_found', `there is no schedule ${name} in the group ${group}`);
  return detailsOf(entry);
}

/** Three operations spell it three ways. */
function groupOf({ method, path, query, body }: ApiCall): string {
  if (method === 'POST' || method === 'PUT') return optionalText(body, 'GroupName') ?? 'default';
  return query.get(path === '/schedules' ? 'ScheduleGroup' : 'groupName') ?? 'default';
}

const scheduleArn = (group: string, name: string): string =>
  `arn:aws:scheduler:local:000000000000:schedule/${group}/${name}`;

function draftOf(group: string, name: string, body: JsonObject): ScheduleDraft {
  for (const field of NOT_IMITATED)
    if (body[field] !== undefined) throw new NovaError('bad_input', `${field} is not imitated on this machine`);
  if (optionalText(body, 'ActionAfterCompletion') === 'DELETE')
    throw new NovaError('bad_input', 'ActionAfterCompletion DELETE is not imitated on this machine');
  const target = objectOf(body, 'Target');
  textOf(target, 'Arn');
  textOf(target, 'RoleArn');
  const expression = textOf(body, 'ScheduleExpression');
  // The every(…) of this machine is not for its AWS door.
  if (expression.startsWith('every('))
    throw new NovaError('bad_input', `a schedule is cron(…), rate(…) or at(…); got "${expression}"`);
  return {
    group,
    name,
    expression,
    timezone: optionalText(body, 'ScheduleExpressionTimezone') ?? 'UTC',
    flexibleMinutes: windowOf(objectOf(body, 'FlexibleTimeWindow')),
    maxAgeSeconds: maxAgeOf(objectOf(target, 'RetryPolicy')),
    enabled: (optionalText(body, 'State') ?? 'ENABLED') === 'ENABLED',
    target: { kind: 'aws', group, name, definition: target },
  };
}

function windowOf(window: JsonObject): number {
  const mode = textOf(window, 'Mode');
  if (mode === 'OFF') return 0;
  const minutes = numberOf(window, 'MaximumWindowInMinutes', 0);
  if (mode !== 'FLEXIBLE' || minutes < 1)
    throw new NovaError('bad_input', 'FlexibleTimeWindow is OFF, or FLEXIBLE with 1 to 1440 minutes');
  return minutes;
}

function maxAgeOf(retry: JsonObject): number {
  const age = numberOf(retry, 'MaximumEventAgeInSeconds', MAX_AGE_SECONDS);
  const attempts = numberOf(retry, 'MaximumRetryAttempts', 185);
  if (age < 60 || age > 86_400 || attempts < 0 || attempts > 185)
    throw new NovaError('bad_input', 'a retry policy has an age of 60 to 86400 seconds and 0 to 185 attempts');
  return age;
}

async function list(book: ScheduleBook, group: string, query: URLSearchParams): Promise<JsonObject> {
  const state = query.get('State');
  const after = query.get('NextToken') ?? '';
  const limit = Math.min(PAGE, Number(query.get('MaxResults') ?? PAGE));
  const entries = (await book.list(group, query.get('NamePrefix') ?? '')).filter(
    (entry) => entry.name > after && (!state || state === stateOf(entry)),
  );
  const page = entries.slice(0, limit);
  const last = page.at(-1);
  return {
    Schedules: page.map((entry) => ({ ...headOf(entry), Target: { Arn: textOf(awsTarget(entry), 'Arn') } })),
    ...(last && entries.length > limit ? { NextToken: last.name } : {}),
  };
}

const stateOf = (entry: ScheduleEntry): string => (entry.enabled ? 'ENABLED' : 'DISABLED');

function headOf(entry: ScheduleEntry): JsonObject {
  return {
    Arn: scheduleArn(entry.group, entry.name),
    Name: entry.name,
    GroupName: entry.group,
    State: stateOf(entry),
    // Seconds, as REST JSON wants times.
    CreationDate: entry.createdAt / 1000,
    LastModificationDate: entry.anchorAt / 1000,
  };
}

function detailsOf(entry: ScheduleEntry): JsonObject {
  const { flexibleMinutes } = entry;
  return {
    ...headOf(entry),
    ScheduleExpression: entry.expression,
    ScheduleExpressionTimezone: entry.timezone,
    FlexibleTimeWindow:
      flexibleMinutes > 0 ? { Mode: 'FLEXIBLE', MaximumWindowInMinutes: flexibleMinutes } : { Mode: 'OFF' },
    ActionAfterCompletion: 'NONE',
    Target: awsTarget(entry),
  };
}

function awsTarget({ target, name }: ScheduleEntry): JsonObject {
  if (target.kind !== 'aws') throw new NovaError('corrupt', `the schedule ${name} was not made through the API`);
  return target.definition;
}

export type FiringFacts = { readonly scheduledFor: string; readonly executionId: string; readonly attempt: number };

/** Where a firing goes and what it says, with AWS's own words filled in as AWS does. */
export function awsFiring(
  target: ScheduleTarget & { readonly kind: 'aws' },
  { scheduledFor, executionId, attempt }: FiringFacts,
): { readonly arn: string; readonly input: string } {
  const input = optionalText(target.definition, 'Input') ?? '{}';
  return {
    arn: textOf(target.definition, 'Arn'),
    input: input
      .replaceAll('<aws.scheduler.scheduled-time>', scheduledFor)
      .replaceAll('<aws.scheduler.execution-id>', executionId)
      .replaceAll('<aws.scheduler.attempt-number>', String(attempt))
      .replaceAll('<aws.scheduler.schedule-arn>', scheduleArn(target.group, target.name)),
  };
}
