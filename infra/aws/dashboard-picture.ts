/**
 * Draws a dashboard of a finished template as a picture: where each widget stands, what it shows, from which metrics. No
 * account is asked, so there are no numbers in it. `node infra/aws/dashboard-picture.ts [cdk.out] [folder]`
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

type Widget = {
  readonly type: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: Readonly<Record<string, unknown>>;
};
export type PictureTemplate = {
  readonly Resources: Readonly<Record<string, { Type: string; Properties?: Readonly<Record<string, unknown>> }>>;
};
export type Picture = { readonly name: string; readonly svg: string };

/** A column of CloudWatch's grid of 24, and a row of it, in pixels. */
const UNIT = { x: 40, y: 24 } as const;
const GAP = 6;
const LINE = 14;
const COLUMN = 130;

export function dashboardPictures({ Resources }: PictureTemplate): Picture[] {
  return Object.values(Resources)
    .filter(({ Type }) => Type === 'AWS::CloudWatch::Dashboard')
    .map(({ Properties = {} }) => {
      const body = JSON.parse(joined(Properties.DashboardBody)) as { widgets: readonly Widget[] };
      return { name: String(Properties.DashboardName), svg: pictureOf(String(Properties.DashboardName), body.widgets) };
    });
}

/** The text of a Fn::Join, with the names of what only a deploy knows. */
function joined(value: unknown): string {
  if (typeof value === 'string') return value;
  const { 'Fn::Join': join, Ref: ref, 'Fn::GetAtt': attribute } = value as Record<string, unknown>;
  if (Array.isArray(join)) return (join[1] as unknown[]).map(joined).join('');
  return String(ref ?? (attribute as string[] | undefined)?.[0] ?? '');
}

function pictureOf(name: string, widgets: readonly Widget[]): string {
  const height = Math.max(...widgets.map((one) => one.y + one.height)) * UNIT.y + GAP;
  const width = 24 * UNIT.x + GAP;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12">`,
    `<title>The dashboard ${escaped(name)}</title>`,
    `<rect width="${width}" height="${height}" fill="#f2f3f3"/>`,
    ...widgets.map(widgetOf),
    '</svg>\n',
  ].join('\n');
}

function widgetOf({ type, x, y, width, height, properties }: Widget): string {
  const [left, top] = [x * UNIT.x + GAP, y * UNIT.y + GAP];
  const [w, h] = [width * UNIT.x - GAP, height * UNIT.y - GAP];
  const frame = `<rect x="${left}" y="${top}" width="${w}" height="${h}" rx="6" fill="#fff" stroke="#d5dbdb"/>`;
  const text = (line: string, at: number, { column = 0, style = 'fill="#545b64"' } = {}): string =>
    `<text x="${left + 10 + column * COLUMN}" y="${top + at}" ${style}>${escaped(line)}</text>`;
  const [title = '', ...rest] = wordsOf(type, properties);
  const most = Math.max(1, Math.floor((h - 36) / LINE));
  return [
    frame,
    text(title, 20, { style: 'fill="#16191f" font-weight="600"' }),
    ...rest.map((line, index) => text(line, 36 + (index % most) * LINE, { column: Math.floor(index / most) })),
    ...(type === 'metric' && properties.view !== 'singleValue' ? [curve({ left, top, w, h })] : []),
  ].join('\n');
}

/** A curve that stands for any: the picture has no numbers. */
function curve({ left, top, w, h }: { left: number; top: number; w: number; h: number }): string {
  const [from, floor] = [left + w * 0.58, top + h - 16];
  const points = [0, 0.3, 0.25, 0.55, 0.5, 0.8, 0.95].map(
    (share, index) => `${Math.round(from + (index * w * 0.4) / 6)},${Math.round(floor - share * (h - 56))}`,
  );
  return `<polyline points="${points.join(' ')}" fill="none" stroke="#1f77b4" stroke-width="2" opacity="0.5"/>`;
}

function wordsOf(type: string, properties: Readonly<Record<string, unknown>>): string[] {
  if (type === 'text') return String(properties.markdown).replace(/^# /, '').split('\n');
  const title = String(properties.title ?? '');
  if (type === 'alarm') return [title, `${(properties.alarms as unknown[]).length} alarms, each with who is hurt`];
  const labels = (properties.metrics as unknown[][]).map(labelOf).filter((label) => label !== null);
  return [title, ...labels.map((label) => `– ${label}`)];
}

/** The last part of a line of metrics are its options; what is not drawn itself has no label. */
function labelOf(line: readonly unknown[]): string | null {
  const options = line.at(-1) as { label?: string; visible?: boolean };
  return typeof options === 'object' && options.visible !== false ? (options.label ?? null) : null;
}

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (one) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[one] ?? one);

if (process.argv[1] && resolve(process.argv[1]) === import.meta.filename) {
  const [from = 'cdk.out', to = 'docs'] = process.argv.slice(2);
  const files = existsSync(from) ? readdirSync(from).filter((name) => name.endsWith('.template.json')) : [];
  if (files.length === 0) throw new Error(`there is no template in ${from}: run npm run synth`);
  for (const file of files) {
    for (const { name, svg } of dashboardPictures(JSON.parse(readFileSync(join(from, file), 'utf8')))) {
      const path = join(to, `dashboard-${name.replace(/^nova-[a-z0-9]+-/, '')}.svg`);
      writeFileSync(path, svg);
      console.log(path);
    }
  }
}
