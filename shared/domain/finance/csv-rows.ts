/** Comma-separated rows of other people's files: quotes, doubled quotes, line ends of both kinds, within fields as well. */
import { NovaError } from '../error.ts';

/** One row after another; a row of nothing is left out. @throws NovaError bad_input for a quote that never ends. */
export function* csvRows(text: string): Generator<string[]> {
  let row: string[] = [];
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (at < text.length) {
    const { field, end } = text[at] === '"' ? quoted(text, at + 1) : bare(text, at);
    row.push(field);
    at = end;
    if (text[at] === ',') {
      at++;
      if (at < text.length) continue;
      row.push('');
    }
    if (text[at] === '\r') at++;
    if (text[at] === '\n') at++;
    if (row.length > 1 || row[0] !== '') yield row;
    row = [];
  }
}

type Field = { readonly field: string; readonly end: number };

function bare(text: string, from: number): Field {
  let end = from;
  while (end < text.length && text[end] !== ',' && text[end] !== '\n' && text[end] !== '\r') end++;
  return { field: text.slice(from, end), end };
}

function quoted(text: string, from: number): Field {
  let field = '';
  for (let at = from; ; ) {
    const quote = text.indexOf('"', at);
    if (quote < 0) throw new NovaError('bad_input', 'a quote in the file never ends');
    field += text.slice(at, quote);
    if (text[quote + 1] !== '"') return { field, end: quote + 1 };
    field += '"';
    at = quote + 2;
  }
}
