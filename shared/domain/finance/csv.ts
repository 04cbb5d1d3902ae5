/** Text that spreadsheets open, and that cannot make them run anything. */

/** A cell that begins like a formula: `=`, `+`, `-`, `@`, a tab or a line break (OWASP, CSV injection). */
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;
const NUMBER = /^-?\d+(\.\d+)?$/;

function cell(value: string | number | bigint | null): string {
  const text = value === null ? '' : String(value);
  // A leading apostrophe makes it text; numbers stay numbers.
  const safe = FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** RFC 4180: lines end with CRLF, the first one names the columns. */
export function csv(
  columns: readonly string[],
  rows: readonly (readonly (string | number | bigint | null)[])[],
): string {
  return [columns, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}
