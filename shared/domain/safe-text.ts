/** Text from outside made fit to be shown to a person who decides: no tricks with direction, width or line ends. */

// Controls, soft hyphen, Arabic letter mark, Mongolian separators, zero-width and bidi marks, line separators,
// invisible operators, variation selectors, fillers, byte-order mark, interlinear marks, tags.
const INVISIBLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the point
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: single code points, listed one by one
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e0fff}]/gu;
// More than this many marks on one letter paint over the lines around it.
const STACKED_MARKS = /(\p{M}{3})\p{M}+/gu;

function cut(text: string, max: number): string {
  const points = [...text];
  return points.length <= max ? text : `${points.slice(0, max - 1).join('')}…`;
}

/** One line of at most `max` characters. */
export function cleanLine(text: string, max: number): string {
  // Beyond this nothing can be shown anyway; it keeps ten-megabyte titles cheap.
  const head = text
    .slice(0, max * 8)
    .toWellFormed()
    .normalize('NFC');
  const line = head
    .replace(/[\r\n\u2028\u2029\t]+/g, ' ')
    .replace(INVISIBLE, '')
    .replace(STACKED_MARKS, '$1');
  return cut(line.replace(/\s+/g, ' ').trim(), max);
}

/** Several lines, at most `max` characters and `maxLines` lines in all. */
export function cleanBlock(text: string, max: number, maxLines = 12): string {
  const head = text.slice(0, max * 8).replace(/\r\n?|[\u2028\u2029]/g, '\n');
  const lines = head.split('\n').map((line) => cleanLine(line, max));
  const shown = lines.filter((line, index) => line || lines[index - 1]).slice(0, maxLines);
  return cut(shown.join('\n').trim(), max);
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** For element content and quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}

/** So that a mail program makes no link of an address that the agent wrote. */
export function unlinked(text: string): string {
  return text
    .replace(/\bhttp(s?):\/\//gi, 'hxxp$1://')
    .replace(/([a-z0-9])\.(?=[a-z]{2,})/gi, '$1[.]')
    .replace(/([^\s@])@(?=[^\s@])/g, '$1[at]');
}
