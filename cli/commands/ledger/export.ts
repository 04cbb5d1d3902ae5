import { command as financeExport } from '../finance/export.ts';

/** The same under the name of what it exports. */
export const command = {
  ...financeExport,
  noun: 'ledger',
  examples: ['nova ledger export', 'nova ledger export --format csv --period year --out ledger.csv'],
};
