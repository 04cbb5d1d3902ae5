/** One thing, line by line: names to the left, values beside them, long ones wrapped under themselves. */
import { cut, harmless, type Style, wrap } from './style.ts';

export type Detail = readonly [name: string, value: string | null | undefined];

/** Details without a value are left out. */
export function details(title: string, pairs: readonly Detail[], style: Style): string {
  const shown = pairs.filter((pair): pair is readonly [string, string] => Boolean(pair[1]));
  const width = Math.max(0, ...shown.map(([name]) => name.length)) + 2;
  const lines = shown.map(([name, value]) => {
    const indent = ' '.repeat(width);
    const text = wrap(harmless(value), style.columns, indent);
    return `${style.paint('dim', name.padEnd(width))}${text}`;
  });
  const head = title ? [style.paint('bold', cut(harmless(title), style.columns))] : [];
  return [...head, ...lines].join('\n');
}

/** Blocks with an empty line between them; empty ones are left out. */
export function blocks(...parts: readonly string[]): string {
  return parts.filter(Boolean).join('\n\n');
}
