/** The templates of this tree, and of an earlier commit, as facts for a bill. The CDK runs in a process of its own. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { PriceList, Use } from '../shared/domain/bill/bill.ts';
import type { Memory } from '../shared/domain/bill/fleet-use.ts';
import { messageOf, NovaError } from '../shared/domain/error.ts';

export type BillFacts = {
  readonly stage: string;
  readonly uses: readonly Use[];
  readonly prices: PriceList;
  readonly memory: Memory;
};

const ROOT = join(import.meta.dirname, '..');
const run = promisify(execFile);
const OPTIONS = { timeout: 120_000, maxBuffer: 64_000_000 };

export type Tree = {
  readonly root?: string;
  /** Beside those of cdk.json. */
  readonly choices?: Readonly<Record<string, boolean | string>>;
};

/** @throws NovaError misconfigured with what the CDK said. */
export async function billFacts(stage: string | null, { root = ROOT, choices = {} }: Tree = {}): Promise<BillFacts> {
  return inFolder(async (folder) => {
    const script = join(ROOT, 'infra/aws/bill-facts.ts');
    try {
      const { stdout } = await run(
        process.execPath,
        [script, root, stage ?? '-', join(folder, 'cdk.out'), JSON.stringify(choices)],
        OPTIONS,
      );
      return JSON.parse(stdout) as BillFacts;
    } catch (thrown) {
      const lines = (thrown as { stderr?: string }).stderr?.split('\n') ?? [];
      const said = lines.find((line) => /ERROR|Error\b|must\b/.test(line)) ?? lines.find((line) => line.includes('-'));
      throw new NovaError('misconfigured', `the templates cannot be made: ${said?.trim() || messageOf(thrown)}`);
    }
  });
}

export type Earlier = { readonly commit: string; readonly facts: BillFacts };

/**
 * The facts of an earlier commit: the last one, or, where nothing has changed since, the one before.
 * @throws NovaError not_found where there is no such commit, or no repository.
 */
export async function earlierFacts(stage: string | null, asked: string | undefined): Promise<Earlier> {
  const git = async (...words: string[]): Promise<string> => {
    try {
      return (await run('git', ['-C', ROOT, ...words], OPTIONS)).stdout.trim();
    } catch {
      throw new NovaError('not_found', 'there is no earlier commit to compare with');
    }
  };
  const changed = asked === undefined && (await git('status', '--porcelain')) !== '';
  const commit = await git('rev-parse', '--short', '--verify', `${asked ?? (changed ? 'HEAD' : 'HEAD~1')}^{commit}`);
  return inFolder(async (folder) => {
    await git(
      'archive',
      '--format=tar',
      '-o',
      join(folder, 'tree.tar'),
      commit,
      'infra',
      'shared',
      'cdk.json',
      'package.json',
    );
    await run('tar', ['-xf', join(folder, 'tree.tar'), '-C', folder], OPTIONS);
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    return { commit, facts: await billFacts(stage, { root: folder }) };
  });
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'nova-bill-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
