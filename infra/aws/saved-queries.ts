/** What somebody who was woken asks the logs first, ready in Logs Insights. A saved query costs nothing until it is run. */
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { functions, type TaskRow } from '../topology.ts';
import type { Names } from './names.ts';

type Query = { readonly name: string; readonly groups: readonly string[]; readonly lines: readonly string[] };

export class SavedQueries extends Construct {
  constructor(scope: Construct, names: Names, tasks: readonly TaskRow[]) {
    super(scope, 'queries');
    for (const { name, groups, lines } of queriesOf(names, tasks)) {
      new logs.CfnQueryDefinition(this, name, {
        name: names.query(name),
        logGroupNames: [...groups],
        queryString: lines.join('\n| '),
      });
    }
  }
}

function queriesOf(names: Names, tasks: readonly TaskRow[]): Query[] {
  const all = functions.map(({ name }) => names.logGroup(name));
  const door = [names.logGroup('access')];
  return [
    {
      name: 'failures',
      groups: all,
      lines: [
        'filter level = "ERROR"',
        // What a function did not catch is written by its runtime, in names of its own.
        'fields @timestamp, @log, message, code, coalesce(why, errorMessage) as reason, stack',
        'sort @timestamp desc',
        'limit 100',
      ],
    },
    {
      name: 'failures-by-code',
      groups: all,
      lines: ['filter level = "ERROR"', 'stats count(*) as failures by @log, code', 'sort failures desc'],
    },
    {
      name: 'killed-by-lambda',
      groups: all,
      lines: [
        'filter type = "platform.report" and record.status != "success"',
        'fields @timestamp, @log, record.status, record.metrics.durationMs, record.metrics.maxMemoryUsedMB',
        'sort @timestamp desc',
        'limit 100',
      ],
    },
    ...(tasks.length > 0 ? [failedTasks(tasks.map(({ name }) => names.logGroup(name)))] : []),
    {
      name: 'slow-answers',
      groups: door,
      lines: ['fields @timestamp, method, route, status, ms', 'sort ms desc', 'limit 50'],
    },
    {
      name: 'refused-requests',
      groups: door,
      lines: [
        'filter status >= 400',
        'stats count(*) as requests by route, status, ip',
        'sort requests desc',
        'limit 50',
      ],
    },
  ];
}

/** A program in a container, not a function: its levels are small letters. */
const failedTasks = (groups: readonly string[]): Query => ({
  name: 'failed-tasks',
  groups,
  lines: [
    'filter level = "error"',
    'fields @timestamp, @log, @logStream, message, why, stack',
    'sort @timestamp desc',
    'limit 100',
  ],
});
