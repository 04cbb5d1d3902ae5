import type { Migration } from '../../shared/store/migrate-store.ts';
import { details } from '../render/details.ts';
import type { Style } from '../render/style.ts';

export type MigrationView = Omit<Migration, 'startedAt' | 'finishedAt'> & {
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  /** Still in the old form; null: not counted. */
  readonly left: number | null;
};

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

export const migrationView = (
  { startedAt, finishedAt, ...migration }: Migration,
  left: number | null,
): MigrationView => ({
  ...{ ...migration, left },
  ...{ startedAt: iso(startedAt), finishedAt: iso(finishedAt) },
});

export const renderMigration = (view: MigrationView, style: Style): string =>
  details(
    `${view.id}: ${view.state}`,
    [
      ['versions', `${view.from} → ${view.to}`],
      ['came to', view.state === 'done' ? '' : view.day],
      ['entries seen', String(view.seen)],
      ['written anew', String(view.rewritten)],
      ['still old', view.left === null ? '' : String(view.left)],
      ['began', view.startedAt],
      ['ended', view.finishedAt],
      ['next', view.state === 'running' ? 'nova migrate run' : ''],
    ],
    style,
  );
