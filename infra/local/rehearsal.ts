/**
 * The rehearsal engine: the bundles that go to AWS, unmodified, one process per function, the real AWS SDK by
 * environment alone against stand-ins of this machine. What runs before a deploy, and in tests where the stand-ins are.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { messageOf, NovaError } from '../../shared/domain/error.ts';
import { Warden } from '../../shared/embedded/warden.ts';
import { takeOver } from '../../shared/jobs/sweep.ts';
import type { Log } from '../../shared/ports/outside.ts';
import { systemTime } from '../../shared/runtime/clock.ts';
import { childEnv, readOptional } from '../../shared/runtime/env.ts';
import type { ApiServer } from './aws-apis/api-server.ts';
import type { Engine, EngineOptions, Opened, Place } from './engine.ts';
import { type FileSecrets, fileSecrets } from './file-secrets.ts';
import { type Front, openFront } from './front.ts';
import { type Home, lockHome, removeAddress, writeAddress } from './home.ts';
import { homeLog } from './home-log.ts';
import { homeSettings, sendsMail } from './home-settings.ts';
import { type MailCatcher, mailCatcher } from './mail-catcher.ts';
import { type Closers, closers } from './rehearsal/closers.ts';
import { type Functions, startFunctions } from './rehearsal/functions.ts';
import { envOf, localNames, type Places } from './rehearsal/names.ts';
import {
  awsEnv,
  type Cloud,
  ensureQueues,
  openCloud,
  openScheduler,
  openStands,
  type Stands,
  startApis,
} from './rehearsal/platform.ts';
import { firing } from './rehearsal/schedules.ts';
import { type StandIns, standIns } from './rehearsal/stand-ins.ts';
import { rehearsalTasks } from './rehearsal/tasks.ts';
import type { LocalScheduler } from './scheduler/local-scheduler.ts';
import { startTicker } from './scheduler/ticker.ts';
import { systemSchedules } from './system-schedules.ts';

/** Its own corner of the data directory. */
const FOLDER = 'rehearsal';
/** Environments of run-agent, where AWS would have as many as the topology allows. */
const MAX_CONCURRENT_RUNS = 4;
/** Runs that are still going when the engine stops get this long. */
const GRACE_MS = 5_000;

type Ground = {
  readonly options: EngineOptions;
  readonly home: Home;
  readonly closing: Closers;
  readonly scale: number;
  readonly secrets: FileSecrets;
  readonly mails: MailCatcher;
  readonly log: Log;
};

/**
 * @throws NovaError misconfigured when this machine lacks a stand-in or the sources cannot be bundled, conflict when the
 * port or the directory is taken.
 */
export async function startRehearsal(options: EngineOptions): Promise<Engine> {
  const found = standIns();
  const home = await lockHome(options.home);
  const closing = closers();
  closing.add(() => home.unlock());
  try {
    mkdirSync(home.file(FOLDER), { recursive: true, mode: 0o700 });
    const secrets = fileSecrets(home.file('secrets.json'));
    const mails = mailCatcher({ folder: home.file('mail'), time: systemTime });
    const log = homeLog(home.file('engine.log'), systemTime);
    const scale = options.timeScale ?? 1;
    return await startOn({ options, home, closing, scale, secrets, mails, log }, found);
  } catch (thrown) {
    await closing.run();
    throw thrown;
  }
}

async function startOn(ground: Ground, found: StandIns): Promise<Engine> {
  const { options, home, closing } = ground;
  const desk: Desk = { opened: null, functions: null };
  const token = randomBytes(32).toString('base64url');
  const front = await openDoor(ground, token, desk);
  const warden = new Warden();
  closing.add(() => warden.close());
  const stands = await openStands({
    found,
    file: (name) => home.file(`${FOLDER}/${name}`),
    closing,
    warden,
    log: ground.log,
    synchronous: options.synchronous,
  });
  const names = localNames('local');
  ensureQueues(stands.sqs, names, ground.options.visibilityScale ?? ground.scale);
  const places: Places = {
    names,
    settings: homeSettings(home, ground.scale),
    queueUrl: stands.sqs.url,
    queueArn: stands.sqs.arn,
    mailUrl: sendsMail(home) ? null : `http://127.0.0.1:${front.port}/`,
    opaUrl: readOptional('OPA_URL'),
  };
  const { functions, cloud } = await open(ground, { ...stands, places, publicUrl: front.url, warden });
  desk.functions = functions;
  const place: Place = {
    kind: 'engine',
    engine: 'rehearsal',
    url: front.url,
    mailUrl: front.mailUrl,
    startedAt: systemTime.now(),
  };
  const { secrets, mails } = ground;
  const opened: Opened = { world: cloud.world, admin: { queues: cloud.queues, secrets, mails }, place };
  desk.opened = opened;
  writeAddress(home, { url: front.url, pid: process.pid, engine: 'rehearsal', version: options.version, token });
  closing.add(() => removeAddress(home));
  void functions.warm();
  return { ...opened, stop: () => closing.run() };
}

/** What the front asks: nothing of it is there while the engine starts. */
type Desk = { opened: Opened | null; functions: Functions | null };

async function openDoor({ options, mails, secrets, closing, log }: Ground, token: string, desk: Desk): Promise<Front> {
  const front = await openFront({
    port: options.port,
    token,
    mails,
    mailKey: () => secrets.get('sendgrid-api-key'),
    web: (request) => (desk.functions ?? starting()).answer(request),
    control: (body) => options.control(body, desk.opened ?? starting()),
    log,
  });
  closing.add(() => front.close());
  return front;
}

function starting(): never {
  throw new NovaError('unavailable', 'the engine is starting');
}

type Site = Stands & { readonly places: Places; readonly publicUrl: string; readonly warden: Warden };
type Open = { readonly functions: Functions; readonly cloud: Cloud };

async function open(ground: Ground, site: Site): Promise<Open> {
  const { options, home, closing, secrets, log } = ground;
  const { sqs, places, publicUrl } = site;
  const late: { open: Open | null; apis: ApiServer | null } = { open: null, apis: null };
  const scheduler = openScheduler(
    home.file(`${FOLDER}/schedules.sqlite`),
    {
      fire: (target, scheduledFor) => fireBy(ground, site, late.open ?? starting())(target, scheduledFor),
      system: systemSchedules(options, places.settings.timezone),
      onError: (thrown) => log.error('a schedule could not fire', { why: messageOf(thrown) }),
    },
    closing,
  );
  const tasks = rehearsalTasks(ground, site, {
    api: () => late.apis ?? starting(),
    cloud: () => (late.open ?? starting()).cloud,
  });
  const eventsPath = home.file('events.jsonl');
  const apis = await startApis({ scheduler, names: places.names, secrets, publicUrl, tasks, eventsPath });
  late.apis = apis;
  closing.add(() => apis.stop());
  closing.add(() => tasks.close());
  const cloud = await openCloud({ ...site, apis }, places, log);
  // The lock is ours, so every old holder is dead: its messages are shown at once and its leases recovered.
  sqs.releaseAll();
  await takeOver(cloud.world);
  const functions = startAll(ground, { ...site, apis }, cloud);
  late.open = { functions, cloud };
  await startTicking(scheduler, ground);
  return late.open;
}

const fireBy = ({ scale, log }: Ground, { sqs, places }: Site, { functions, cloud }: Open) =>
  firing({
    send: cloud.send,
    invoke: functions.invoke,
    bury: (event) => cloud.send(sqs.arn(places.names.deadLetters('schedules')), event),
    onTrouble: (message, error) => log.error(message, { error }),
    timeScale: scale,
  });

function startAll(ground: Ground, site: Site & { readonly apis: ApiServer }, cloud: Cloud): Functions {
  const { options, home, closing, log } = ground;
  const { places, sqs, bundleOf, warden } = site;
  const aws = awsEnv(site);
  const functions = startFunctions({
    bundleOf,
    // As in a Lambda: its own keys, UTC, and no home where a file could say something else.
    envOf: (row) => childEnv({ ...aws, ...envOf(row, places), TZ: 'UTC', HOME: home.file(`${FOLDER}/functions`) }),
    nameOf: places.names.function,
    maxConcurrentRuns: options.maxConcurrentRuns ?? MAX_CONCURRENT_RUNS,
    warden,
    logFile: home.file('functions.log'),
    onTrouble: (message, error) => log.warn(message, { error }),
  });
  const pollers = functions.poll((name) => ({ inbox: cloud.queues[name], arn: sqs.arn(places.names.queue(name)) }));
  const ended = { stop: async (): Promise<void> => undefined };
  closing.add(() => ended.stop());
  closing.add(() => functions.close(GRACE_MS));
  closing.add(() => {
    const stopped = Promise.all(pollers.map((poller) => poller.stop()));
    ended.stop = async () => void (await stopped);
  });
  return functions;
}

async function startTicking(scheduler: LocalScheduler, { closing, log }: Ground): Promise<void> {
  await scheduler.prepare();
  const ticker = startTicker(scheduler, systemTime, (thrown) =>
    log.error('the scheduler failed', { why: messageOf(thrown) }),
  );
  closing.add(() => ticker.stop());
}
