/** The roots, asked once an hour or a day: the client is loaded with the first question. */
import type { Roots } from '../ports/outside.ts';

export function lateRoots(bucket: string): Roots {
  let opened: Promise<Roots> | undefined;
  const open = async (): Promise<Roots> => {
    const [{ s3Client }, { s3Roots }] = await Promise.all([import('./clients/s3.ts'), import('./s3-roots.ts')]);
    return s3Roots(s3Client(), bucket);
  };
  const roots = (): Promise<Roots> => {
    opened ??= open();
    return opened;
  };
  return {
    keep: async (date, text) => (await roots()).keep(date, text),
    since: async (date) => (await roots()).since(date),
  };
}
