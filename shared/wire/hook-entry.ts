/** What any shop may book through the signed webhook: one movement of money, by its own id. Documented in docs/ledger-hook.md. */
import * as z from 'zod';

const line = z.string().trim().min(1).max(200);

export const HOOK_KINDS = ['revenue', 'refund', 'fee', 'cost', 'payout', 'correction'] as const;

export const HookEntry = z.strictObject({
  /** The shop's id of the movement: told twice, it is booked once. */
  movementId: line,
  kind: z.enum(HOOK_KINDS),
  /** In minor units (cents, yen …), a decimal string; never signed but for a correction. */
  amountMinor: z.string().regex(/^-?\d{1,18}$/, 'whole minor units as a string, like "1999"'),
  currency: z.string().regex(/^[A-Za-z]{3}$/, 'three letters, like USD'),
  /** When the money moved; now, if it is left out. */
  at: z.iso.datetime({ offset: true }).optional(),
  /** The sale that a refund, fee or correction belongs to: its movementId. */
  paymentId: line.optional(),
  agentId: line.optional(),
  /** Ids of what was sold: products, prices, links that an agent's catalogue names. */
  artifacts: z.array(line).max(20).optional(),
  /** The link the buyer came by: its tags say whose the sale may be. */
  link: z.strictObject({ source: line, campaign: line, content: line, reference: line }).partial().optional(),
  note: z.string().max(500).optional(),
});
export type HookEntry = z.infer<typeof HookEntry>;

/** The entry, or what is wrong with it as a sentence. */
export function readHookEntry(value: unknown): { readonly entry: HookEntry } | { readonly problem: string } {
  const read = HookEntry.safeParse(value);
  return read.success ? { entry: read.data } : { problem: z.prettifyError(read.error).slice(0, 500) };
}
