import { NovaError } from '../shared/domain/error.ts';
import type { Admin, MailShelf } from '../shared/ports/admin.ts';

/** The caught mails of this machine. @throws NovaError bad_input on a stage, where mails really leave. */
export function caughtMails({ mails }: Admin): MailShelf {
  if (!mails) throw new NovaError('bad_input', 'mails are caught on this machine only; a stage really sends them');
  return mails;
}

/** Addresses in a mail's text, in order, once each. */
export function linksIn(text: string): string[] {
  return [...new Set(text.match(/https?:\/\/[^\s<>"')\]]+/g) ?? [])];
}
