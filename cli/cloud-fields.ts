/** Choices of a stage as they are typed: what the templates would refuse after minutes is refused at once. */
import { currencyCode } from '../shared/domain/currency.ts';
import { NovaError } from '../shared/domain/error.ts';
import { assertTimezone } from '../shared/domain/zone.ts';
import { type Field, text } from './fields.ts';

const EMAIL = /^[^\s@<>"]+@[^\s@<>"]+\.[^\s@<>"]+$/;
/** RFC 2606 keeps these for examples: a mail there reaches nobody. */
const EXAMPLE = /@(?:.+\.)?example\.(?:com|org|net)$/i;

function read(field: Field<string | undefined>, check: (typed: string) => string): Field<string | undefined> {
  return { ...field, shape: { ...field.shape, read: (typed) => check(field.shape.read(typed) ?? '') } };
}

/** An address that mails reach. */
export const email = (summary: string): Field<string | undefined> =>
  read(text(summary, 'e-mail'), (typed) => {
    if (EXAMPLE.test(typed)) throw new NovaError('bad_input', `"${typed}" is an example: nobody would get the mails`);
    if (EMAIL.test(typed)) return typed;
    throw new NovaError('bad_input', `expected an address like you@your.org; got "${typed}"`);
  });

export const zone = (summary: string): Field<string | undefined> =>
  read(text(summary, 'zone'), (typed) => {
    assertTimezone(typed);
    return typed;
  });

export const currency = (summary: string): Field<string | undefined> => read(text(summary, 'code'), currencyCode);
