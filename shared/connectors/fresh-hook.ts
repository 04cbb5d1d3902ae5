import { NovaError } from '../domain/error.ts';
import { withFreshSecret } from './fresh-secret.ts';
import type { Hook } from './hook-request.ts';

/** A hook whose secret was rotated a moment ago. What does not fit is `unauthenticated`, or, where nobody may know, `not_found`. */
export function freshly(name: string, hook: Hook): Hook {
  return (request, world) =>
    withFreshSecret(world.secrets, { names: [name], refusal: 'unauthenticated' }, async () => {
      try {
        await hook(request, world);
      } catch (thrown) {
        if (!(thrown instanceof NovaError) || thrown.code !== 'not_found' || !world.secrets.refresh) throw thrown;
        await withFreshSecret(world.secrets, { names: [name], refusal: 'not_found' }, () => hook(request, world));
      }
    });
}
