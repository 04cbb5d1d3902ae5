/**
 * What exists, as data. The CDK stacks and the local engines read this one list: a word in `uses` buys the IAM grant,
 * the environment key and the local stand-in. Pure data: no code, no other import.
 */

/** What the partition key of an item of each kind looks like; a trailing * stands for the rest. Spelled in store/keys.ts. */
export const ENTITIES = {
  agent: 'AGENTS',
  spec: 'SPEC#*',
  fleet: 'FLEET#*',
  page: 'RUN#*',
  receipt: 'RECEIPT#*',
  late: 'LATE#*',
  state: 'STATE#*',
  day: 'DAY#*',
  limit: 'LIMITS',
  calendar: 'CALENDAR',
  budget: 'BUDGET#*',
  entry: 'ENTRY#*',
  decision: 'DECISION#*',
  lock: 'LOCK#*',
  approval: 'APPROVAL#*',
  request: 'REQUEST#*',
  audit: 'AUDIT#*',
  anchor: 'ANCHOR',
  outbox: 'OUTBOX',
  policy: 'POLICY',
  operator: 'OPERATOR',
  enrolment: 'ENROLMENT#*',
  halt: 'HALT',
  stopLink: 'STOPLINK',
  alert: 'ALERTS',
  channel: 'CHANNELS',
  pulse: 'PULSE',
} as const;

export type Entity = keyof typeof ENTITIES;
export type Access = 'read' | 'check' | 'put' | 'update' | 'delete';
export type QueueName = 'runs' | 'revenue' | 'work';
export type SecretName =
  | 'stripe-webhook-secret'
  | 'stripe-api-key'
  | 'gumroad-ping-secret'
  | 'gumroad-access-token'
  | 'ledger-hook-secret'
  | 'anthropic-api-key'
  | 'sendgrid-api-key'
  | 'sendgrid-events-key'
  | 'approval-pepper'
  /** One for each channel of alerts that needs one. */
  | 'channel-*';

/** Made by the deployment itself and kept in Secrets Manager, which knows versions; all others are parameters of SSM. */
export const ROTATED_SECRETS: readonly SecretName[] = ['approval-pepper'];

export type Uses = {
  readonly table: { readonly [entity in Entity]?: readonly Access[] };
  /** Where an update may touch these attributes alone, in what it changes as in what it asks; the key goes without saying. */
  readonly attributes?: { readonly [entity in Entity]?: readonly string[] };
  /** Partitions of the sparse index that it may query. */
  readonly index?: readonly string[];
  readonly sends?: readonly QueueName[];
  readonly secrets?: readonly SecretName[];
  /** Starts tasks of agents or stops them, where the stage has a cluster; either may look at them. */
  readonly launches?: readonly ('start' | 'stop')[];
  /** Makes and deletes the schedules of agents. */
  readonly schedules?: true;
  readonly publicUrl?: true;
  /** Asks the policy who may do what. */
  readonly judges?: true;
  /** The roots of the audit trail: may add one or read them, and neither change nor delete one. */
  readonly auditRoots?: readonly ('keep' | 'read')[];
  /** Asks which table it works on: one that was restored is another one. */
  readonly origin?: true;
  /** Puts events of the domain on the bus of the stage. */
  readonly events?: true;
};

export type On =
  | { readonly queue: QueueName; readonly batchSize: number }
  | {
      readonly schedule: string;
      readonly zone: 'UTC' | 'owner';
      /** An older tick is worth nothing any more: 60 to 86,400. */
      readonly maxAgeSeconds: number;
      readonly retries: number;
      /** The alarm: so many minutes without one good run. */
      readonly quietMinutes: number;
    }
  | { readonly http: readonly { readonly method: 'GET' | 'POST'; readonly path: `/${string}/*` }[] };

export type FunctionRow = {
  readonly name: string;
  readonly entry: string;
  readonly on: On;
  readonly uses: Uses;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  /** One sentence: who is hurt when it fails. It is the text of the alarm. */
  readonly errorImpact: string;
};

export type QueueRow = {
  readonly name: QueueName;
  /**
   * A delivery whose function died comes back after it. Six times the time-out of the consumer, as AWS advises, so that waiting for a
   * free function does not use up the receives; `runs` has a hundred of those, so a minute over the time-out is enough.
   */
  readonly visibilitySeconds: number;
  /**
   * Waiting counts as receiving, so runs, which wait for a busy instance, get many. The others outlive an outage of two hours: a message
   * that failed stays away for up to ten minutes.
   */
  readonly maxReceiveCount: number;
  /** Invocations at a time, 2 to 1000. */
  readonly maxConcurrency: number;
  readonly retentionDays: number;
};

/** What runs as a task of ECS: one definition and one image each. */
export type TaskRow = {
  readonly name: 'agent-runner' | 'agent-runner-gpu';
  readonly uses: Uses;
  readonly gpu: boolean;
  /** The smallest that it is started with; each run brings its own size. */
  readonly cpuUnits: number;
  readonly memoryMb: number;
  /** Between SIGTERM and SIGKILL: Fargate grants 120 at most. */
  readonly stopSeconds: number;
  readonly errorImpact: string;
};

export const queues: readonly QueueRow[] = [
  { name: 'runs', visibilitySeconds: 360, maxReceiveCount: 100, maxConcurrency: 16, retentionDays: 4 },
  { name: 'revenue', visibilitySeconds: 360, maxReceiveCount: 25, maxConcurrency: 4, retentionDays: 14 },
  { name: 'work', visibilitySeconds: 360, maxReceiveCount: 25, maxConcurrency: 4, retentionDays: 14 },
];

/** A dead letter waits for a person: the longest that SQS keeps a message. */
export const DEAD_LETTER_RETENTION_DAYS = 14;

const OUTBOX = ['put', 'delete'] as const;

/** Whoever runs blueprints: a function or a task. */
const RUNS_BLUEPRINTS = {
  // No agent, policy, decision, approval or limit can be written from where a blueprint runs.
  table: {
    agent: ['read'],
    spec: ['read'],
    fleet: ['read', 'update'],
    page: ['read', 'put'],
    // Of a run whose record has no room for it.
    receipt: ['put'],
    late: ['read', 'put'],
    // What a run kept on its way is taken away with its end.
    state: ['read', 'put', 'delete'],
    // Read to count what a period cost before its limit was made.
    day: ['read', 'put'],
    limit: ['read', 'check'],
    calendar: ['read'],
    // Opened by the first run of a period; slices are cut from it.
    budget: ['read', 'check', 'put', 'update'],
    request: ['read', 'update'],
  },
  // What is left, and how it is handed out; never how much it was.
  attributes: { budget: ['available', 'exact', 'swept', 'full', 'counting'] },
  sends: ['runs', 'revenue', 'work'],
  // They ask models through the run that they are part of.
  secrets: ['anthropic-api-key'],
} as const satisfies Uses;

export const functions: readonly FunctionRow[] = [
  {
    name: 'run-agent',
    entry: 'functions/queue/run-agent.ts',
    on: { queue: 'runs', batchSize: 1 },
    // A run that needs hours goes on in a task.
    uses: { ...RUNS_BLUEPRINTS, launches: ['start'] },
    timeoutSeconds: 300,
    memoryMb: 512,
    errorImpact: 'Runs of agents end in the dead-letter queue: the agents in it do not work.',
  },
  {
    name: 'record-revenue',
    entry: 'functions/queue/record-revenue.ts',
    on: { queue: 'revenue', batchSize: 10 },
    uses: {
      table: {
        agent: ['read'],
        // The catalogues of agents that sell say whose a sale is.
        spec: ['read'],
        fleet: ['read', 'update'],
        entry: ['read', 'put', 'update'],
      },
      // A ping of Gumroad is only a hint: its API is asked what really happened.
      secrets: ['gumroad-access-token'],
    },
    // Ten pings of a batch, four seconds of patience with the API for each.
    timeoutSeconds: 60,
    memoryMb: 256,
    errorImpact:
      'Payments of customers are received but not booked: earnings look too low, and winners may be stopped.',
  },
  {
    name: 'do-work',
    entry: 'functions/queue/do-work.ts',
    on: { queue: 'work', batchSize: 5 },
    uses: {
      table: {
        agent: ['read', 'check', 'update'],
        spec: ['read'],
        fleet: ['read', 'put', 'update'],
        // The last runs of an agent that seems to run away; the record of one whose task has ended.
        page: ['read', 'put'],
        receipt: ['put'],
        // The run of a task that was lost is asked for again.
        request: ['update'],
        // Decided changes of a budget, and how many instances share it.
        limit: ['read', 'update'],
        budget: ['read', 'check', 'update'],
        calendar: ['read'],
        // Whether an agent that was stopped for running away may go on is asked here.
        decision: ['read', 'put', 'update'],
        lock: ['read', 'update'],
        approval: ['read', 'put', 'update'],
        // An approved change of the rules comes into force here.
        policy: ['read', 'put', 'update'],
        operator: ['read'],
        enrolment: ['read', 'update'],
        // Followed when it is turned; whatever starts something is pinned to its gate.
        halt: ['read', 'check', 'update'],
        // One for each mail; those that have ended go away.
        stopLink: ['read', 'update', 'delete'],
        // What is told to whom, and which channel does not work.
        alert: ['read', 'update'],
        channel: ['read', 'update'],
        audit: ['put'],
        outbox: OUTBOX,
      },
      index: ['OPEN#decision', 'OPEN#approval'],
      sends: ['runs', 'work'],
      secrets: ['sendgrid-api-key', 'approval-pepper', 'channel-*'],
      events: true,
      schedules: true,
      // The kill switch and the reconciler stop tasks; what is to start is asked for as a run.
      launches: ['stop'],
      publicUrl: true,
      judges: true,
    },
    timeoutSeconds: 60,
    memoryMb: 256,
    errorImpact: 'Decisions, mails to the owner or changes of schedules are not carried out.',
  },
  {
    name: 'evaluate-agents',
    entry: 'functions/schedule/evaluate-agents.ts',
    on: { schedule: 'rate(1 hour)', zone: 'UTC', maxAgeSeconds: 3000, retries: 2, quietMinutes: 180 },
    uses: {
      table: {
        agent: ['read'],
        spec: ['read'],
        fleet: ['read'],
        limit: ['read'],
        budget: ['read'],
        calendar: ['read'],
        entry: ['read'],
        decision: ['read', 'put', 'update'],
        lock: ['read', 'update'],
        approval: ['read', 'put', 'update'],
        policy: ['read'],
        halt: ['read', 'check'],
        // A sign of life after every good pass.
        pulse: ['update'],
        audit: ['put'],
        outbox: OUTBOX,
      },
      index: ['OPEN#decision', 'OPEN#approval'],
      sends: ['work'],
      judges: true,
    },
    timeoutSeconds: 300,
    memoryMb: 512,
    errorImpact: 'Nobody judges the agents: losers go on losing up to their budgets, winners are not scaled.',
  },
  {
    name: 'sweep',
    entry: 'functions/schedule/sweep.ts',
    on: { schedule: 'rate(1 minute)', zone: 'UTC', maxAgeSeconds: 60, retries: 0, quietMinutes: 15 },
    uses: {
      table: {
        agent: ['read'],
        spec: ['read'],
        fleet: ['read', 'update'],
        page: ['put'],
        receipt: ['put'],
        policy: ['read'],
        // What a recovered run did not spend goes home; who is near a limit is told.
        budget: ['read', 'update'],
        limit: ['read'],
        // A zone that the owner has changed is written down.
        calendar: ['read', 'put'],
        request: ['read', 'update'],
        decision: ['read', 'update'],
        lock: ['update'],
        approval: ['read', 'update'],
        // What two people said yes to takes effect, if they still may say it.
        operator: ['read'],
        // The emergency limit turns the kill switch on; no answer gets past it.
        halt: ['read', 'check', 'update'],
        // What moved since the last anchor goes into the one chain of the workspace.
        anchor: ['read', 'put'],
        alert: ['read', 'update'],
        channel: ['read'],
        pulse: ['read', 'update', 'delete'],
        // Read to see whether the last record of each chain is there.
        audit: ['read', 'put'],
        outbox: ['read', 'put', 'delete'],
      },
      index: ['OPEN#request', 'OPEN#approval', 'AUDIT#*'],
      sends: ['runs', 'revenue', 'work'],
      // Tasks that should not be there are stopped; those that should are asked for as runs.
      launches: ['stop'],
      // A restored table spends nothing until a person has looked.
      origin: true,
      auditRoots: ['read'],
    },
    timeoutSeconds: 50,
    memoryMb: 256,
    errorImpact: 'Crashed runs are not recovered, messages left behind are not sent, approvals do not expire.',
  },
  {
    name: 'reconcile-agents',
    entry: 'functions/schedule/reconcile-agents.ts',
    on: { schedule: 'cron(30 * * * ? *)', zone: 'UTC', maxAgeSeconds: 3000, retries: 2, quietMinutes: 180 },
    uses: {
      table: {
        agent: ['read', 'check'],
        fleet: ['read', 'put', 'update'],
        // How many instances share a budget stands on its limit.
        limit: ['update'],
        halt: ['read', 'check'],
      },
      sends: ['work'],
      schedules: true,
    },
    timeoutSeconds: 300,
    memoryMb: 256,
    errorImpact: 'What runs drifts from what was decided: schedules that someone deleted or changed stay wrong.',
  },
  {
    name: 'reconcile-revenue',
    entry: 'functions/schedule/reconcile-revenue.ts',
    on: { schedule: 'cron(20 * * * ? *)', zone: 'UTC', maxAgeSeconds: 3000, retries: 2, quietMinutes: 180 },
    uses: {
      table: {
        agent: ['read'],
        spec: ['read'],
        fleet: ['update'],
        entry: ['read', 'put', 'update'],
      },
      secrets: ['stripe-api-key', 'gumroad-access-token'],
    },
    timeoutSeconds: 300,
    memoryMb: 256,
    errorImpact: 'Payments that no webhook told of stay unbooked, and fees of the vendors are missing.',
  },
  {
    name: 'close-day',
    entry: 'functions/schedule/close-day.ts',
    on: { schedule: 'cron(5 0 * * ? *)', zone: 'owner', maxAgeSeconds: 21_600, retries: 5, quietMinutes: 1560 },
    uses: {
      table: {
        agent: ['read'],
        spec: ['read'],
        fleet: ['read', 'update'],
        page: ['read'],
        // Once its runs are all in their pages, a day gets their hash.
        day: ['read', 'put', 'update'],
        anchor: ['read', 'put'],
        // The ledger is proved once a day; what was found is noted, and which days were proved.
        entry: ['read'],
        pulse: ['read', 'update'],
        calendar: ['read'],
        limit: ['read', 'check'],
        // The rest of yesterday's slices goes home to yesterday.
        budget: ['read', 'check', 'put', 'update'],
      },
      index: ['AUDIT#*', 'ENTRY#*'],
      auditRoots: ['keep'],
    },
    timeoutSeconds: 300,
    memoryMb: 512,
    errorImpact:
      'The day is not closed: idle instances keep the old day open, and its audit trail has no root outside.',
  },
  {
    name: 'approval',
    entry: 'functions/web/approval.ts',
    on: {
      http: [
        { method: 'GET', path: '/a/*' },
        { method: 'POST', path: '/a/*' },
      ],
    },
    uses: {
      table: {
        decision: ['read', 'update'],
        lock: ['update'],
        approval: ['read', 'update'],
        // Tiers follow from the policy; who answers, and with which key, from the people.
        policy: ['read'],
        operator: ['read', 'update'],
        enrolment: ['read', 'update'],
        // No answer gets past the kill switch; its own button turns it on, never off.
        agent: ['read'],
        halt: ['read', 'check', 'update'],
        stopLink: ['read', 'update'],
        audit: ['put'],
        outbox: OUTBOX,
      },
      sends: ['work'],
      secrets: ['approval-pepper'],
      publicUrl: true,
      judges: true,
    },
    timeoutSeconds: 10,
    memoryMb: 256,
    errorImpact: 'The owner cannot approve or reject: what waits for approval expires as rejected.',
  },
  {
    name: 'hooks',
    entry: 'functions/web/hooks.ts',
    on: { http: [{ method: 'POST', path: '/hooks/*' }] },
    uses: {
      // Requests with a wrong signature are counted.
      table: { pulse: ['update'] },
      // What became of mails goes to work; it moves no money.
      sends: ['revenue', 'work'],
      secrets: ['stripe-webhook-secret', 'gumroad-ping-secret', 'ledger-hook-secret', 'sendgrid-events-key'],
    },
    timeoutSeconds: 10,
    memoryMb: 256,
    errorImpact: 'Shops cannot tell of payments: they repeat for a while, then only the hourly comparison finds them.',
  },
];

export const tasks: readonly TaskRow[] = [
  {
    name: 'agent-runner',
    uses: RUNS_BLUEPRINTS,
    gpu: false,
    cpuUnits: 256,
    memoryMb: 512,
    stopSeconds: 120,
    errorImpact: 'Agents that need hours, or are kept running, do not work.',
  },
  {
    name: 'agent-runner-gpu',
    uses: RUNS_BLUEPRINTS,
    gpu: true,
    cpuUnits: 1024,
    memoryMb: 2048,
    stopSeconds: 120,
    errorImpact: 'Agents that need a GPU do not work.',
  },
];

/**
 * What AWS tells on its own bus and a queue is to hear. The pattern is narrowed to the stage's own cluster where it is made.
 */
export const heard = [
  {
    name: 'tasks-stopped',
    source: 'aws.ecs',
    detailType: 'ECS Task State Change',
    lastStatus: 'STOPPED',
    queue: 'work',
  },
] as const satisfies readonly {
  readonly name: string;
  readonly source: string;
  readonly detailType: string;
  readonly lastStatus: string;
  readonly queue: QueueName;
}[];
