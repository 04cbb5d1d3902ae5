/** What tells a file from a copy of it: its place on the disk, and when it came into being. */
import { statSync } from 'node:fs';

/**
 * A copy has neither of the two. Moving keeps both on one disk; some file systems number their files anew at each start,
 * some know no birth: one of the two is enough.
 */
export function fileMarks(path: string): readonly string[] {
  const said = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (!said) return [];
  const born = said.birthtimeNs > 0n ? [`born ${said.birthtimeNs}`] : [];
  return [`inode ${said.ino}`, ...born];
}
