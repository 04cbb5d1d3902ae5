/** Every command by its name. A file is loaded when its command is asked for, so `nova help` loads none of the rest. */
import type { Command } from './command.ts';

type Load = () => Promise<{ readonly command: Command }>;
export type Noun = { readonly summary: string; readonly verbs: Readonly<Record<string, Load>> };

export const NOUNS: Readonly<Record<string, Noun>> = {
  agent: {
    summary: 'what runs, earns and spends',
    verbs: {
      deploy: () => import('./commands/agent/deploy.ts'),
      list: () => import('./commands/agent/list.ts'),
      show: () => import('./commands/agent/show.ts'),
      start: () => import('./commands/agent/start.ts'),
      pause: () => import('./commands/agent/pause.ts'),
      resume: () => import('./commands/agent/resume.ts'),
      retire: () => import('./commands/agent/retire.ts'),
      scale: () => import('./commands/agent/scale.ts'),
      update: () => import('./commands/agent/update.ts'),
      health: () => import('./commands/agent/health.ts'),
    },
  },
  blueprint: {
    summary: 'what an agent can be made from',
    verbs: {
      list: () => import('./commands/blueprint/list.ts'),
      show: () => import('./commands/blueprint/show.ts'),
    },
  },
  run: {
    summary: 'single attempts, recorded once each',
    verbs: {
      now: () => import('./commands/run/now.ts'),
      list: () => import('./commands/run/list.ts'),
      show: () => import('./commands/run/show.ts'),
      receipt: () => import('./commands/run/receipt.ts'),
    },
  },
  schedule: {
    summary: 'when agents run',
    verbs: { next: () => import('./commands/schedule/next.ts') },
  },
  autonomy: {
    summary: 'what is decided without you',
    verbs: {
      set: () => import('./commands/autonomy/set.ts'),
      status: () => import('./commands/autonomy/status.ts'),
      run: () => import('./commands/autonomy/run.ts'),
    },
  },
  decision: {
    summary: 'changes that were proposed, with their reasons',
    verbs: {
      list: () => import('./commands/decision/list.ts'),
      show: () => import('./commands/decision/show.ts'),
    },
  },
  policy: {
    summary: 'who may do what, and what is done without you',
    verbs: {
      show: () => import('./commands/policy/show.ts'),
      test: () => import('./commands/policy/test.ts'),
      eval: () => import('./commands/policy/eval.ts'),
      apply: () => import('./commands/policy/apply.ts'),
    },
  },
  approval: {
    summary: 'what waits for your yes or no',
    verbs: {
      list: () => import('./commands/approval/list.ts'),
      show: () => import('./commands/approval/show.ts'),
      approve: () => import('./commands/approval/approve.ts'),
      reject: () => import('./commands/approval/reject.ts'),
    },
  },
  operator: {
    summary: 'the people who may answer for this workspace',
    verbs: {
      add: () => import('./commands/operator/add.ts'),
      list: () => import('./commands/operator/list.ts'),
      show: () => import('./commands/operator/show.ts'),
      role: () => import('./commands/operator/role.ts'),
      passkey: () => import('./commands/operator/passkey.ts'),
      remove: () => import('./commands/operator/remove.ts'),
    },
  },
  killswitch: {
    summary: 'stop everything, and let it run again',
    verbs: {
      on: () => import('./commands/killswitch/on.ts'),
      off: () => import('./commands/killswitch/off.ts'),
      status: () => import('./commands/killswitch/status.ts'),
      limit: () => import('./commands/killswitch/limit.ts'),
    },
  },
  budget: {
    summary: 'limits that are never exceeded',
    verbs: {
      show: () => import('./commands/budget/show.ts'),
      set: () => import('./commands/budget/set.ts'),
      remove: () => import('./commands/budget/remove.ts'),
      history: () => import('./commands/budget/history.ts'),
    },
  },
  finance: {
    summary: 'what came in, what went out',
    verbs: {
      revenue: () => import('./commands/finance/revenue.ts'),
      costs: () => import('./commands/finance/costs.ts'),
      roi: () => import('./commands/finance/roi.ts'),
      timeline: () => import('./commands/finance/timeline.ts'),
      cashflow: () => import('./commands/finance/cashflow.ts'),
      pnl: () => import('./commands/finance/pnl.ts'),
      sources: () => import('./commands/finance/sources.ts'),
      reprice: () => import('./commands/finance/reprice.ts'),
      attribution: () => import('./commands/finance/attribution.ts'),
      top: () => import('./commands/finance/top.ts'),
      burn: () => import('./commands/finance/burn.ts'),
      forecast: () => import('./commands/finance/forecast.ts'),
      targets: () => import('./commands/finance/targets.ts'),
      reinvestment: () => import('./commands/finance/reinvestment.ts'),
      trueup: () => import('./commands/finance/trueup.ts'),
      export: () => import('./commands/finance/export.ts'),
    },
  },
  ledger: {
    summary: 'every movement of money, booked once and never changed',
    verbs: {
      list: () => import('./commands/ledger/list.ts'),
      show: () => import('./commands/ledger/show.ts'),
      add: () => import('./commands/ledger/add.ts'),
      assign: () => import('./commands/ledger/assign.ts'),
      split: () => import('./commands/ledger/split.ts'),
      export: () => import('./commands/ledger/export.ts'),
      verify: () => import('./commands/ledger/verify.ts'),
      reconcile: () => import('./commands/ledger/reconcile.ts'),
    },
  },
  connector: {
    summary: 'where money is heard of',
    verbs: {
      list: () => import('./commands/connector/list.ts'),
      test: () => import('./commands/connector/test.ts'),
      connect: () => import('./commands/connector/connect.ts'),
      account: () => import('./commands/connector/account.ts'),
    },
  },
  alert: {
    summary: 'what is wrong, who is hurt, and what to do',
    verbs: {
      list: () => import('./commands/alert/list.ts'),
      show: () => import('./commands/alert/show.ts'),
      ack: () => import('./commands/alert/ack.ts'),
      resolve: () => import('./commands/alert/resolve.ts'),
      test: () => import('./commands/alert/test.ts'),
    },
  },
  channel: {
    summary: 'where alerts are told',
    verbs: {
      list: () => import('./commands/channel/list.ts'),
      add: () => import('./commands/channel/add.ts'),
      remove: () => import('./commands/channel/remove.ts'),
      test: () => import('./commands/channel/test.ts'),
    },
  },
  mail: {
    summary: 'mails caught on this machine',
    verbs: {
      list: () => import('./commands/mail/list.ts'),
      show: () => import('./commands/mail/show.ts'),
    },
  },
  audit: {
    summary: 'who changed what, unchangeable',
    verbs: {
      list: () => import('./commands/audit/list.ts'),
      show: () => import('./commands/audit/show.ts'),
      why: () => import('./commands/audit/why.ts'),
      export: () => import('./commands/audit/export.ts'),
      verify: () => import('./commands/audit/verify.ts'),
    },
  },
  compliance: {
    summary: 'which controls of ISO 27001:2022 are met, and which not',
    verbs: {
      report: () => import('./commands/compliance/report.ts'),
      check: () => import('./commands/compliance/check.ts'),
    },
  },
  queue: {
    summary: 'messages waiting, in flight and dead',
    verbs: {
      list: () => import('./commands/queue/list.ts'),
      redrive: () => import('./commands/queue/redrive.ts'),
    },
  },
  cloud: {
    summary: 'a stage on AWS: from nothing to deployed, and away again',
    verbs: {
      bootstrap: () => import('./commands/cloud/bootstrap.ts'),
      deploy: () => import('./commands/cloud/deploy.ts'),
      diff: () => import('./commands/cloud/diff.ts'),
      status: () => import('./commands/cloud/status.ts'),
      destroy: () => import('./commands/cloud/destroy.ts'),
    },
  },
  backup: {
    summary: 'everything as it was at one instant, and the proof that it can come back',
    verbs: {
      run: () => import('./commands/backup/run.ts'),
      list: () => import('./commands/backup/list.ts'),
      verify: () => import('./commands/backup/verify.ts'),
      restore: () => import('./commands/backup/restore.ts'),
      adopt: () => import('./commands/backup/adopt.ts'),
    },
  },
  migrate: {
    summary: 'items of an older version, written anew',
    verbs: {
      run: () => import('./commands/migrate/run.ts'),
      status: () => import('./commands/migrate/status.ts'),
    },
  },
  secret: {
    summary: 'keys of the outside world; values are never shown',
    verbs: {
      set: () => import('./commands/secret/set.ts'),
      rotate: () => import('./commands/secret/rotate.ts'),
      list: () => import('./commands/secret/list.ts'),
    },
  },
};

/** Commands without a noun. */
export const PLAIN_VERBS: Readonly<Record<string, Load>> = {
  start: () => import('./commands/start.ts'),
  stop: () => import('./commands/stop.ts'),
  status: () => import('./commands/status.ts'),
  bill: () => import('./commands/bill.ts'),
  doctor: () => import('./commands/doctor.ts'),
  completion: () => import('./commands/completion.ts'),
};

/** A command by its words, or null. */
export async function findCommand(noun: string, verb: string): Promise<Command | null> {
  const verbs = noun ? own(NOUNS, noun)?.verbs : PLAIN_VERBS;
  const load = verbs && own(verbs, verb);
  return load ? (await load()).command : null;
}

/** All of them, in the order of the lists above. */
export async function allCommands(): Promise<Command[]> {
  const loads = [...Object.values(PLAIN_VERBS), ...Object.values(NOUNS).flatMap(({ verbs }) => Object.values(verbs))];
  return Promise.all(loads.map(async (load) => (await load()).command));
}

/** Only what was put there: `constructor` is no noun. */
export function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
