/** The limits an instance is under, as a few letters of its item: scope, kind, period. The basic two are not spelled. */
import { agentScope, basicLines, departmentScope, isBasic, type Kind, type Line } from '../domain/budget.ts';
import type { Per } from '../domain/calendar.ts';

const KIND_LETTERS: { readonly [kind in Kind]: string } = { usd: 'u', tokens: 't', runs: 'r', seconds: 's' };
const PER_LETTERS: { readonly [per in Per]: string } = { hour: 'h', day: 'd', week: 'w', month: 'm', lifetime: 'l' };
const kindOf = new Map(Object.entries(KIND_LETTERS).map(([kind, letter]) => [letter, kind as Kind]));
const perOf = new Map(Object.entries(PER_LETTERS).map(([per, letter]) => [letter, per as Per]));
const DEPARTMENT = 'department:';

/** `fuh dum=growth`; undefined for the basic lines alone. */
export function encodeLines(lines: readonly Line[]): string | undefined {
  const spelled = lines.filter((line) => !isBasic(line)).map(letters);
  if (spelled.length === 0) return undefined;
  const department = lines.find(({ scope }) => scope.startsWith(DEPARTMENT))?.scope.slice(DEPARTMENT.length);
  return [...spelled.sort(), ...(department === undefined ? [] : [`=${department}`])].join(' ');
}

const letters = ({ scope, kind, per }: Line): string =>
  `${scope === 'fleet' ? 'f' : (scope[0] ?? '')}${KIND_LETTERS[kind]}${PER_LETTERS[per]}`;

const decoded = new Map<string, readonly Line[]>();

export function decodeLines(agentId: string, text: string): readonly Line[] {
  const name = `${agentId} ${text}`;
  const known = decoded.get(name);
  if (known) return known;
  if (decoded.size > 10_000) decoded.clear();
  const [codes = '', department = ''] = text.split(' =');
  const lines = [...basicLines(agentId), ...codes.split(' ').map((code) => lineOf(code, agentId, department))];
  decoded.set(name, lines);
  return lines;
}

function lineOf(code: string, agentId: string, department: string): Line {
  const [scope = '', kind = '', per = ''] = code;
  const scopes: { readonly [letter: string]: string } = {
    f: 'fleet',
    d: departmentScope(department),
    a: agentScope(agentId),
  };
  return { scope: scopes[scope] ?? '', kind: kindOf.get(kind) ?? 'usd', per: perOf.get(per) ?? 'day' };
}
