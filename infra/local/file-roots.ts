/**
 * Roots of the audit trail on one machine: a file of its own that only grows. It guards against a changed database;
 * somebody who may write the whole directory can change both, so keep a copy elsewhere (docs/audit-format.md).
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { NovaError } from '../../shared/domain/error.ts';
import type { Roots } from '../../shared/ports/outside.ts';
import { writePrivately } from './home.ts';

/** Its name says which anchor it is about: whoever copies an old directory over a newer one leaves the newer name there. */
const notePath = (path: string, seq: number): string => path.replace(/\.json$/, `.${seq}.json`);

/** The newest last. One without a number was written by an older version. */
function notesOf(path: string): string[] {
  const [folder, stem] = [dirname(path), basename(path, '.json')];
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .flatMap((name) => {
      const [, found, seq = '0'] = /^(.*?)(?:\.(\d{1,15}))?\.json$/.exec(name) ?? [];
      return found === stem ? [{ path: join(folder, name), seq: Number(seq) }] : [];
    })
    .sort((a, b) => a.seq - b.seq)
    .map((one) => one.path);
}

const seqOf = (text: string): number => Number((JSON.parse(text) as { readonly seq: unknown }).seq);

type Line = { readonly date: string; readonly text: string };

export function fileRoots(path: string, newestPath: string): Roots {
  return {
    // Beside the roots, which are one a day: a database that was put back by an hour is seen, too.
    async note(text) {
      const path = notePath(newestPath, seqOf(text));
      writePrivately(path, text);
      for (const other of notesOf(newestPath)) if (other !== path) rmSync(other, { force: true });
    },
    async noted() {
      const newest = notesOf(newestPath).at(-1);
      return newest === undefined ? null : readFileSync(newest, 'utf8');
    },
    async keep(date, text) {
      const lines = linesOf(path);
      if (lines.some((line) => line.date === date)) return;
      // Whole or not at all: a power cut leaves the old file.
      writePrivately(path, [...lines.map((line) => line.text), text, ''].join('\n'));
    },
    async since(date) {
      const lines = linesOf(path).filter((line) => line.date >= date);
      return lines.sort((a, b) => (a.date < b.date ? -1 : 1)).map(({ text }) => text);
    },
  };
}

function linesOf(path: string): Line[] {
  if (!existsSync(path)) return [];
  const texts = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  return texts.map((text, n) => ({ text, date: dateOf(text) ?? damaged(path, n + 1) }));
}

function damaged(path: string, line: number): never {
  throw new NovaError('corrupt', `${path} is damaged in line ${line}`);
}

function dateOf(text: string): string | null {
  try {
    const { date } = JSON.parse(text) as { date?: unknown };
    return typeof date === 'string' ? date : null;
  } catch {
    return null;
  }
}
