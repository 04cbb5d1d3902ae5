/** What a wrong system does otherwise: put between the jobs and the platform, unknown to both. */
import type { Launcher } from '../../../shared/ports/outside.ts';
import type { RevenueMessage, RunMessage, WorkMessage } from '../../../shared/wire/messages.ts';
import type { Spoil } from '../processes.ts';

export type Wrong = {
  readonly spoil?: Spoil;
  readonly launcher?: (launcher: Launcher) => Launcher;
  readonly message?: (message: RunMessage | RevenueMessage | WorkMessage) => unknown;
  /** Messages are deleted when they are received. */
  readonly deletesFirst?: true;
  /** What cannot be read comes back instead of being put aside. */
  readonly keepsPoison?: true;
  /** A batch of which one message failed comes back whole. */
  readonly failsWhole?: true;
  /** A secret that was refused is not read anew. */
  readonly staleSecrets?: true;
  /** The sweep never runs. */
  readonly neverSweeps?: true;
  /** What a dead function held stays away for six of its time-outs. */
  readonly hidesLong?: true;
  /** A restored table goes on at once. */
  readonly restoresOpen?: true;
};
