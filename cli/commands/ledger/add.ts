import { currencyCode, decimalToMinor } from '../../../shared/domain/currency.ts';
import { addEntry, MANUAL_KINDS } from '../../../shared/store/ledger-book.ts';
import { worldCommand } from '../../command.ts';
import { choice, defaulting, moment, needed, text } from '../../fields.ts';
import { entryView } from '../../views/ledger.ts';

export const command = worldCommand({
  noun: 'ledger',
  verb: 'add',
  summary: 'book what no vendor tells of',
  detail:
    'The kind says which way the money went, so amounts have no sign; only a correction has one: --amount=-12.50. Your name and the reason are kept in the audit trail. An --id makes it safe to say twice.',
  args: {},
  options: {
    amount: needed(text('in whole units of the currency: 12.50', 'amount')),
    currency: defaulting(text('three letters', 'code'), 'USD'),
    kind: needed(choice('what it is', MANUAL_KINDS)),
    reason: needed(text('why it is booked by hand', 'sentence')),
    agent: text('whose it is (default: nobody’s)', 'id'),
    at: moment('when the money moved (default: now)'),
    id: text('your own number for it: an invoice, a receipt', 'id'),
  },
  examples: [
    'nova ledger add --amount 120 --kind revenue --agent shop --reason "invoice 17, paid by transfer"',
    'nova ledger add --amount 9.90 --currency EUR --kind cost --reason "domain renewed" --id INV-2026-11',
  ],
  async run({ amount, currency: code, kind, reason, agent, at, id }, { world, actor }) {
    const currency = currencyCode(code);
    const given = {
      kind,
      currency,
      amountMinor: decimalToMinor(amount, currency),
      agentId: agent ?? null,
      at: at ?? world.time.now(),
      id: id ?? null,
    };
    return entryView(await addEntry(world, given, { actor, reason }));
  },
  render: ({ id, kind, amount, currency, agentId }) =>
    `${id}: ${kind} of ${amount} ${currency} is booked under ${agentId ?? '(unattributed)'}`,
});
