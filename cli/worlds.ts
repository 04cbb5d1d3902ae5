/**
 * Where a command is carried out: in the engine that runs here, on its data directory under the lock when none runs, or
 * on a deployed stage with the caller's own AWS credentials. The command's code is the same in all three.
 */
import type { Json, JsonObject } from '../shared/domain/agent.ts';
import { messageOf, NovaError } from '../shared/domain/error.ts';
import { withFix } from './account-words.ts';
import type { AnyWorldCommand, Here, Input, Reach } from './command.ts';
import { answeredBy } from './frozen-engine.ts';
import { runAllowed } from './gate.ts';
import { askEngine, findEngine, type LocalEngine, NobodyThere } from './local-engine.ts';

export type OpenReach = {
  ask(command: AnyWorldCommand, input: Input): Promise<Json>;
  close(): Promise<void>;
};

type Opened = { readonly reach: Reach; close(): Promise<void> };

/** @throws NovaError conflict when another process holds the data directory, corrupt when it cannot be read. */
export async function openReach(here: Here): Promise<OpenReach> {
  if (here.stage !== null) return onStage(here, here.stage);
  for (let attempt = 1; ; attempt++) {
    const engine = findEngine(here.home);
    if (engine) return throughEngine(engine, here);
    try {
      return within(await openDirectory(here));
    } catch (thrown) {
      if (attempt === START_TRIES || !(thrown instanceof NovaError) || thrown.code !== 'conflict') throw thrown;
    }
  }
}

/** Somebody holds the directory and has announced nothing: an engine that is just starting. A try waits about a second. */
const START_TRIES = 6;

function within({ reach, close }: Opened): OpenReach {
  return { ask: (command, input) => runAllowed(command, input, reach), close };
}

/** What AWS refuses to these credentials is denied to the person who has them, not a fault of ours. */
async function onStage(here: Here, stage: string): Promise<OpenReach> {
  const denied = (thrown: unknown): never => {
    const why = thrown instanceof NovaError && thrown.cause instanceof Error ? thrown.cause.name : '';
    throw /AccessDenied|NotAuthorized/.test(why)
      ? new NovaError('denied', messageOf(thrown), { cause: thrown })
      : thrown;
  };
  const { ask, close } = within(await openDeployed(here, stage).catch(denied));
  return { ask: (command, input) => ask(command, input).catch(denied), close };
}

/** An engine that died between its announcement and our call leaves the data directory to us. */
function throughEngine(engine: LocalEngine, here: Here): OpenReach {
  let fallback: Opened | null = null;
  return {
    async ask(command, input) {
      const asked = { command: [command.noun, command.verb], input: jsonOf(input), actor: here.actor };
      try {
        return await answeredBy(engine, here, () => askEngine(engine, asked, here.interrupted));
      } catch (thrown) {
        if (!(thrown instanceof NobodyThere)) throw thrown;
        fallback = await openDirectory(here);
        return runAllowed(command, input, fallback.reach);
      }
    },
    close: async () => fallback?.close(),
  };
}

/** Fields hold JSON values; what is undefined stays away. */
const jsonOf = (input: Input): JsonObject => JSON.parse(JSON.stringify(input)) as JsonObject;

async function openDirectory(here: Here): Promise<Opened> {
  const { openHome } = await import('../infra/local/embedded.ts');
  const { world, admin, close } = await openHome(here.home);
  const place = { kind: 'directory', engine: 'none', url: null, mailUrl: null, startedAt: null } as const;
  return { reach: { world, admin, actor: here.actor, place }, close };
}

async function openDeployed(here: Here, stage: string): Promise<Opened> {
  const [{ openStage }, { jsonLog }] = await Promise.all([
    import('../shared/aws/stage.ts'),
    import('../shared/runtime/log.ts'),
  ]);
  const { world, admin, actor } = await openStage(stage).catch(withFix);
  const log = jsonLog({ time: world.time, sink: (line) => here.terminal.err(`${line}\n`), from: 'warn' });
  const place = { kind: 'stage', engine: 'aws', url: null, mailUrl: null, startedAt: null } as const;
  return { reach: { world: { ...world, log }, admin, actor, place }, close: async () => {} };
}

/** A stage's world for a command that stands in front of the person. @throws NovaError as `openStage`. */
export async function openStageWorld(here: Here, stage: string): Promise<Reach> {
  return (await openDeployed(here, stage)).reach;
}
