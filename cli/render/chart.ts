/**
 * A timeline as an SVG picture: bars of net revenue and cost, a line of profit. The same numbers give the same bytes;
 * nothing in it is loaded, run or taken from a font that must be there.
 */
import type { TimelineRow } from '../../shared/domain/finance/timeline.ts';
import { formatUsd } from '../../shared/domain/money.ts';

type Bar = Pick<TimelineRow, 'label' | 'netMicros' | 'costMicros' | 'profitMicros'>;

const SIZE = { width: 960, height: 400, left: 92, right: 16, top: 56, bottom: 40 } as const;
const PLOT = { width: SIZE.width - SIZE.left - SIZE.right, height: SIZE.height - SIZE.top - SIZE.bottom } as const;
const COLOURS = { net: '#2f8f5b', cost: '#c2563f', profit: '#1f4e8c', grid: '#d9dde3', text: '#333b45' } as const;
const STEPS = 4;
const MOST_LABELS = 12;

export function chartSvg(title: string, bars: readonly Bar[]): string {
  const scale = scaleOf(bars);
  const parts = [
    ...gridOf(scale),
    ...bars.flatMap((bar, at) => barsOf(bar, at, { scale, count: bars.length })),
    profitLine(bars, scale),
    ...labelsOf(bars),
    text(SIZE.left, 24, title, { size: 16, weight: 'bold' }),
    ...legend(),
  ];
  const { width, height } = SIZE;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" font-family="sans-serif" fill="${COLOURS.text}">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

/** Round steps of dollars from the lowest to the highest amount, zero among them. */
type Scale = { readonly low: number; readonly high: number; readonly step: number };

function scaleOf(bars: readonly Bar[]): Scale {
  const amounts = bars.flatMap(({ netMicros, costMicros, profitMicros }) => [netMicros, costMicros, profitMicros]);
  const high = Math.max(0, ...amounts);
  const low = Math.min(0, ...amounts);
  const step = roundStep((high - low) / STEPS);
  return { low: Math.floor(low / step) * step, high: Math.max(step, Math.ceil(high / step) * step), step };
}

/** 1, 2 or 5 times a power of ten; at least a micro-dollar. */
function roundStep(atLeast: number): number {
  let power = 1;
  while (power * 10 <= atLeast) power *= 10;
  return [1, 2, 5, 10].map((times) => times * power).find((step) => step >= atLeast) ?? power * 10;
}

const at = (micros: number, { low, high }: Scale): number => SIZE.top + ((high - micros) / (high - low)) * PLOT.height;
/** A tenth of a pixel is enough, and the same everywhere. */
const px = (value: number): string => (Math.round(value * 10) / 10).toString();

function gridOf(scale: Scale): string[] {
  const lines: string[] = [];
  for (let micros = scale.low; micros <= scale.high; micros += scale.step) {
    const y = px(at(micros, scale));
    const width = micros === 0 ? 1.5 : 1;
    const colour = micros === 0 ? COLOURS.text : COLOURS.grid;
    lines.push(
      `<line x1="${SIZE.left}" x2="${SIZE.width - SIZE.right}" y1="${y}" y2="${y}" stroke="${colour}" stroke-width="${width}"/>`,
    );
    lines.push(text(SIZE.left - 8, Number(y) + 4, formatUsd(micros), { size: 11, anchor: 'end' }));
  }
  return lines;
}

type Place = { readonly scale: Scale; readonly count: number };

function barsOf({ netMicros, costMicros }: Bar, index: number, { scale, count }: Place): string[] {
  const slot = PLOT.width / count;
  const width = slot * 0.38;
  const x = SIZE.left + slot * index + slot * 0.1;
  return [
    box(x, netMicros, { scale, width, colour: COLOURS.net }),
    box(x + width + slot * 0.04, costMicros, { scale, width, colour: COLOURS.cost }),
  ];
}

function box(x: number, micros: number, look: { scale: Scale; width: number; colour: string }): string {
  const top = at(Math.max(0, micros), look.scale);
  const bottom = at(Math.min(0, micros), look.scale);
  return `<rect x="${px(x)}" y="${px(top)}" width="${px(look.width)}" height="${px(bottom - top)}" fill="${look.colour}"/>`;
}

function profitLine(bars: readonly Bar[], scale: Scale): string {
  const slot = PLOT.width / Math.max(1, bars.length);
  const points = bars.map(
    ({ profitMicros }, index) => `${px(SIZE.left + slot * (index + 0.5))},${px(at(profitMicros, scale))}`,
  );
  return `<polyline points="${points.join(' ')}" fill="none" stroke="${COLOURS.profit}" stroke-width="2"/>`;
}

function labelsOf(bars: readonly Bar[]): string[] {
  const every = Math.max(1, Math.ceil(bars.length / MOST_LABELS));
  const slot = PLOT.width / Math.max(1, bars.length);
  return bars.flatMap(({ label }, index) =>
    index % every === 0
      ? [text(SIZE.left + slot * (index + 0.5), SIZE.height - 16, label, { size: 11, anchor: 'middle' })]
      : [],
  );
}

function legend(): string[] {
  const names = [
    ['net revenue', COLOURS.net],
    ['cost', COLOURS.cost],
    ['profit', COLOURS.profit],
  ] as const;
  return names.flatMap(([name, colour], index) => {
    const x = SIZE.left + index * 120;
    return [`<rect x="${x}" y="34" width="10" height="10" fill="${colour}"/>`, text(x + 16, 43, name, { size: 12 })];
  });
}

type Letters = { readonly size: number; readonly anchor?: 'middle' | 'end'; readonly weight?: 'bold' };

function text(x: number, y: number, said: string, { size, anchor, weight }: Letters): string {
  const more = `${anchor ? ` text-anchor="${anchor}"` : ''}${weight ? ` font-weight="${weight}"` : ''}`;
  return `<text x="${px(x)}" y="${px(y)}" font-size="${size}"${more}>${escaped(said)}</text>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (said: string): string => said.replace(/[&<>"']/g, (letter) => ENTITIES[letter] ?? '');
