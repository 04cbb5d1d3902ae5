/** All ports. A job names the few it needs: `Pick<World, 'table' | 'time'>`. Nothing asks which engine it is in. */
import type { RevenueMessage, RunMessage, WorkMessage } from '../wire/messages.ts';
import type { GumroadBooks, StripeBooks } from './books.ts';
import type { BlueprintHost } from './host.ts';
import type { Events, Gauges, Http, Launcher, Llm, Log, Mailer, Pager, Roots, Scheduler, Secrets } from './outside.ts';
import type { PolicyEngine } from './policy.ts';
import type { Queue } from './queue.ts';
import type { PublicUrl, Settings } from './settings.ts';
import type { Table } from './table.ts';
import type { Hashing, Heart, Ids, Time } from './time.ts';

export type World = {
  readonly settings: Settings;
  readonly publicUrl: PublicUrl;
  readonly time: Time;
  readonly heart: Heart;
  readonly ids: Ids;
  readonly hashing: Hashing;
  readonly log: Log;
  readonly table: Table;
  readonly policy: PolicyEngine;
  readonly runs: Queue<RunMessage>;
  readonly revenue: Queue<RevenueMessage>;
  readonly work: Queue<WorkMessage>;
  readonly scheduler: Scheduler;
  readonly launcher: Launcher;
  readonly mailer: Mailer;
  readonly pager: Pager;
  readonly events: Events;
  readonly gauges: Gauges;
  readonly secrets: Secrets;
  readonly roots: Roots;
  readonly http: Http;
  readonly llm: Llm;
  readonly stripe: StripeBooks;
  readonly gumroad: GumroadBooks;
  readonly host: BlueprintHost;
};

/** What every store that changes an audited entity needs. */
export type Records = Pick<World, 'table' | 'time' | 'ids' | 'hashing'>;
