/** Why a message is none, in one line that a person reads at night. */
import { messageOf } from '../domain/error.ts';

type Issue = { readonly path?: readonly PropertyKey[]; readonly message?: string };

/** What a schema has against it comes as a list; its text would be JSON over twenty lines. */
export function whyUnreadable(cause: unknown): string {
  const { issues } = (typeof cause === 'object' && cause !== null ? cause : {}) as { issues?: readonly Issue[] };
  const words = Array.isArray(issues)
    ? issues
        .map(({ path = [], message = '' }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message))
        .join('; ')
    : messageOf(cause);
  return words.replace(/\s+/g, ' ').slice(0, 500);
}
