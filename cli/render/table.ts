/** Tables that fit the terminal: numbers to the right, money on its point, the widest words cut first. */
import { cut, harmless, paintState, type Style, widthOf } from './style.ts';

export type Column<Row> = {
  readonly title: string;
  readonly value: (row: Row) => string;
  /** `money` lines up decimal points; default left. */
  readonly align?: 'left' | 'right' | 'money';
  /** A state is painted in its colour. */
  readonly state?: boolean;
  /** The narrowest it may be cut to; absent: never cut. */
  readonly min?: number;
  /** Left out when the table is still too wide; the highest goes first. */
  readonly dropOrder?: number;
};

const GAP = 2;

/** @returns lines without a trailing newline; `nothing` when there are no rows. */
export function table<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  style: Style,
  nothing: string,
): string {
  if (rows.length === 0) return style.paint('dim', nothing);
  const kept = dropped(rows, columns, style.columns);
  const cells = kept.map((column) => columnCells(column, rows));
  const widths = fit(kept, cells, style.columns);
  const line = (at: number, look: (text: string, column: Column<Row>) => string): string =>
    kept
      .map((column, index) => {
        const width = widths[index] ?? 0;
        const text = cut(cells[index]?.[at] ?? '', width);
        // Painted without its padding, so that no line ends in coloured spaces.
        const space = ' '.repeat(Math.max(0, width - widthOf(text)));
        return (column.align ?? 'left') === 'left' ? look(text, column) + space : space + look(text, column);
      })
      .join(' '.repeat(GAP))
      .trimEnd();
  const head = line(0, (text) => style.paint('bold', text));
  const body = rows.map((_, index) =>
    line(index + 1, (text, { state, align }) => {
      if (state) return paintState(style, /^\w+/.exec(text)?.[0]?.toLowerCase() ?? '', text);
      if (align === undefined || align === 'left') return text;
      // What is below zero stands out, what is nothing stays back.
      return text.startsWith('-')
        ? style.paint('red', text)
        : /^\$0\.00\s*$/.test(text)
          ? style.paint('dim', text)
          : text;
    }),
  );
  return [head, ...body].join('\n');
}

function columnCells<Row>(column: Column<Row>, rows: readonly Row[]): string[] {
  const values = rows.map((row) => harmless(column.value(row)).replaceAll('\n', ' '));
  if (column.align !== 'money') return [column.title, ...values];
  const tails = values.map((value) => (value.includes('.') ? value.length - value.indexOf('.') : 0));
  const longest = Math.max(...tails);
  return [column.title, ...values.map((value, at) => value + ' '.repeat(longest - (tails[at] ?? 0)))];
}

/** The columns that stay when everything that may be cut is cut. */
function dropped<Row>(rows: readonly Row[], columns: readonly Column<Row>[], limit: number): Column<Row>[] {
  let kept = [...columns];
  const narrowest = (column: Column<Row>): number => {
    const widest = Math.max(...columnCells(column, rows).map(widthOf));
    return Math.min(widest, column.min ?? widest);
  };
  while (totalOf(kept.map(narrowest)) > limit) {
    const goes = kept.filter((column) => column.dropOrder !== undefined).sort(byDropOrder)[0];
    if (!goes) break;
    kept = kept.filter((column) => column !== goes);
  }
  return kept;
}

const byDropOrder = (a: { dropOrder?: number }, b: { dropOrder?: number }): number =>
  (b.dropOrder ?? 0) - (a.dropOrder ?? 0);

const totalOf = (widths: readonly number[]): number =>
  widths.reduce((sum, width) => sum + width, 0) + GAP * Math.max(0, widths.length - 1);

/** Widths within the limit: one column at a time is taken from the widest that may still be cut. */
function fit<Row>(columns: readonly Column<Row>[], cells: readonly (readonly string[])[], limit: number): number[] {
  const widths = cells.map((column) => Math.max(...column.map(widthOf)));
  for (let over = totalOf(widths) - limit; over > 0; over--) {
    let widest = -1;
    for (const [at, column] of columns.entries()) {
      const width = widths[at] ?? 0;
      if (column.min !== undefined && width > column.min && width > (widths[widest] ?? 0)) widest = at;
    }
    if (widest < 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}
