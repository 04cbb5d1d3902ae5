/** What is known of the vendors that money comes from: how far their books were compared, whose their accounts are. */
import type { Table } from '../ports/table.ts';
import { accountKey, accountPk, connectorKey, connectorsPk } from './keys.ts';
import { queryAll } from './query-all.ts';

export type Connector = {
  readonly source: string;
  /** Everything before this moment was compared; null before the first time. */
  readonly cursor: number | null;
  /** When the books were last compared far back; null: never. */
  readonly deepAt: number | null;
  readonly checkedAt: number | null;
  /** Empty: the last comparison went well. */
  readonly problem: string;
  /** What the last daily look at the vendor's side found wrong; empty when it was well. */
  readonly warning: string;
  /** The vendor's id of the owner's account; null when it is not known. */
  readonly sellerId: string | null;
};

const ACCOUNT = /^[\w-]{1,100}$/;
const UNKNOWN = { cursor: null, deepAt: null, checkedAt: null, problem: '', warning: '', sellerId: null };

export async function getConnector(table: Table, source: string): Promise<Connector> {
  const item = await table.get(connectorKey(source));
  if (!item) return { source, ...UNKNOWN };
  const time = (name: string): number | null => (typeof item[name] === 'number' ? Number(item[name]) : null);
  return {
    source,
    cursor: time('cursor'),
    deepAt: time('deepAt'),
    checkedAt: time('checkedAt'),
    problem: String(item.problem ?? ''),
    warning: String(item.warning ?? ''),
    sellerId: typeof item.sellerId === 'string' ? item.sellerId : null,
  };
}

export async function noteConnector(
  table: Table,
  source: string,
  known: Partial<Omit<Connector, 'source'>>,
): Promise<void> {
  await table.write({ op: 'update', key: connectorKey(source), set: { v: 1, ...known } });
}

export async function listConnectors(table: Table): Promise<Connector[]> {
  const items = await queryAll(table, { pk: connectorsPk });
  return Promise.all(items.map(({ sk }) => getConnector(table, sk)));
}

/** The agent of a connected account; undefined when nobody has said whose it is. */
export async function agentOfAccount(table: Table, source: string, account: string): Promise<string | undefined> {
  if (!ACCOUNT.test(account)) return undefined;
  const item = await table.get(accountKey(source, account));
  return item ? String(item.agentId) : undefined;
}

export type MappedAccount = { readonly account: string; readonly agentId: string };

export async function mappedAccounts(table: Table, source: string): Promise<MappedAccount[]> {
  const items = await queryAll(table, { pk: accountPk(source) });
  return items.map((item) => ({ account: item.sk, agentId: String(item.agentId) }));
}

/** From now on the account's money is this agent's, unless a message names another. */
export async function mapAccount(table: Table, source: string, { account, agentId }: MappedAccount): Promise<void> {
  await table.write({ op: 'update', key: accountKey(source, account), set: { v: 1, agentId } });
}
