/** How text looks: colour only where a terminal wants it, never wider than it is. */
import { styleText } from 'node:util';

type Look = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

export type Style = {
  readonly columns: number;
  readonly paint: (look: Look, text: string) => string;
};

export function styleOf(terminal: { readonly color: boolean; readonly columns: number }): Style {
  return {
    columns: terminal.columns,
    paint: (look, text) => (terminal.color && text ? styleText(look, text, { validateStream: false }) : text),
  };
}

/** What a pipe gets, and what tests compare. */
export const PLAIN: Style = { columns: 80, paint: (_look, text) => text };

const LOOKS: Readonly<Record<string, Look>> = {
  active: 'green',
  healthy: 'green',
  succeeded: 'green',
  approved: 'green',
  executed: 'green',
  running: 'green',
  ok: 'green',
  excellent: 'green',
  good: 'green',
  ahead: 'green',
  on_track: 'green',
  fair: 'yellow',
  poor: 'yellow',
  no_revenue: 'yellow',
  no_agents: 'dim',
  behind: 'red',
  negative: 'red',
  paused: 'yellow',
  degraded: 'yellow',
  warning: 'yellow',
  pending: 'yellow',
  awaiting_approval: 'yellow',
  cancelled: 'yellow',
  refused: 'yellow',
  failed: 'red',
  crashed: 'red',
  timed_out: 'red',
  unhealthy: 'red',
  critical: 'red',
  exceeded: 'red',
  rejected: 'red',
  retired: 'dim',
  expired: 'dim',
  superseded: 'dim',
  unknown: 'dim',
};

/** A state in its colour, with spaces for people. */
export function paintState(style: Style, state: string, shown = state): string {
  const look = LOOKS[state];
  return look ? style.paint(look, shown) : shown;
}

/** Nothing of what an agent wrote may move the cursor, change colours or reorder the line. */
export function harmless(text: string): string {
  return text.replace(UNSEEN, ' ');
}

const UNSEEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the point
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/**
 * A whole answer on its way to a terminal: our own colours pass, and nothing else that a terminal obeys. The last of two
 * doors; a text that a pipe gets is left as it is.
 */
export function tame(text: string): string {
  return text.replace(OBEYED, ' ');
}

const OBEYED =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the point
  /\u001b(?!\[(?:[0-2]?|22|3[1369])m)|[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const NARROWLESS = /\p{Mark}|\u200d|\ufe0f/u;

/** Columns that a text takes on a terminal. */
export function widthOf(text: string): number {
  let width = 0;
  for (const letter of text) width += NARROWLESS.test(letter) ? 0 : WIDE.test(letter) ? 2 : 1;
  return width;
}

/** Cut to so many columns, with an ellipsis when something is lost. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let kept = '';
  for (const letter of text) {
    if (widthOf(kept + letter) > columns - 1) break;
    kept += letter;
  }
  return columns > 0 ? `${kept}…` : '';
}

/** Words broken into lines of at most so many columns. */
export function wrap(text: string, columns: number, indent = ''): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter(Boolean)) {
    if (line && widthOf(line) + 1 + widthOf(word) > columns - indent.length) {
      lines.push(line);
      line = word;
    } else line = line ? `${line} ${word}` : word;
  }
  return [...lines, line].join(`\n${indent}`);
}
