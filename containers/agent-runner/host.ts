/** The process for blueprints: from the bundle in an image, from the source beside it everywhere else. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type ChildHost, childHost } from '../../shared/embedded/child-host.ts';

/** As infra/aws/bundle-containers.ts writes it. */
const BUNDLED = join(import.meta.dirname, 'blueprints.mjs');
/** What Node and this process itself take of a task's memory. */
const OWN_MB = 192;
const LEAST_MB = 128;

export function blueprintHost(taskMemoryMb: number): ChildHost {
  const program = { file: BUNDLED, readable: [import.meta.dirname] };
  return childHost({
    maxConcurrentRuns: 1,
    idleChildren: 1,
    memoryMb: Math.max(LEAST_MB, taskMemoryMb - OWN_MB),
    ...(existsSync(BUNDLED) ? { program } : {}),
  });
}
