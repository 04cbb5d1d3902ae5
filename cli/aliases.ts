/** Words of older versions, turned into today's before anything else is looked up. */

type Alias = {
  readonly was: string;
  readonly now: string;
  /** null: these words mean something else. */
  readonly turn: (rest: readonly string[]) => readonly string[] | null;
};

const same =
  (...words: string[]) =>
  (rest: readonly string[]): readonly string[] => [...words, ...rest];

/** `<first> <second> …` for one second word only. */
const verb =
  (second: string, ...words: string[]) =>
  (rest: readonly string[]): readonly string[] | null =>
    rest[0] === second ? [...words, ...rest.slice(1)] : null;

const STATUS_WORDS: Readonly<Record<string, string>> = { killed: 'retired', stopped: 'paused', running: 'active' };

export const ALIASES: readonly (Alias & { readonly first: string })[] = [
  { first: 'deploy', was: 'deploy <department> <type>', now: 'agent deploy <type> --department', turn: deploy },
  { first: 'agents', was: 'agents [--status] [--department]', now: 'agent list', turn: agents },
  { first: 'pause', was: 'pause <id>', now: 'agent pause <id>', turn: same('agent', 'pause') },
  { first: 'resume', was: 'resume <id>', now: 'agent resume <id>', turn: same('agent', 'resume') },
  { first: 'kill', was: 'kill <id>', now: 'agent retire <id>', turn: same('agent', 'retire') },
  { first: 'halt', was: 'halt on|off|status', now: 'killswitch on|off|status', turn: halt },
  { first: 'revenue', was: 'revenue', now: 'finance revenue', turn: same('finance', 'revenue') },
  { first: 'costs', was: 'costs [--period]', now: 'finance costs', turn: same('finance', 'costs') },
  { first: 'roi', was: 'roi <agent|department>', now: 'finance roi', turn: same('finance', 'roi') },
  { first: 'workers', was: 'workers start', now: 'agent start --all', turn: workersAll('start', 'start') },
  { first: 'workers', was: 'workers stop', now: 'agent pause --all', turn: workersAll('stop', 'pause') },
  { first: 'workers', was: 'workers status', now: 'agent list', turn: verb('status', 'agent', 'list') },
  { first: 'workers', was: 'workers health', now: 'agent health', turn: verb('health', 'agent', 'health') },
  { first: 'workers', was: 'workers scale <id>', now: 'agent scale <id> --multiplier 2', turn: workersScale },
  {
    first: 'autonomous',
    was: 'autonomous enable',
    now: 'autonomy set auto',
    turn: verb('enable', 'autonomy', 'set', 'auto'),
  },
  {
    first: 'autonomous',
    was: 'autonomous disable',
    now: 'autonomy set off',
    turn: verb('disable', 'autonomy', 'set', 'off'),
  },
  { first: 'autonomous', was: 'autonomous status', now: 'autonomy status', turn: verb('status', 'autonomy', 'status') },
  { first: 'autonomous', was: 'autonomous run', now: 'autonomy run', turn: verb('run', 'autonomy', 'run') },
];

/** The words of today; the same words when nothing old is in them. */
export function expandAliases(words: readonly string[]): readonly string[] {
  const [first = '', ...rest] = words;
  for (const alias of ALIASES) {
    const turned = alias.first === first ? alias.turn(rest) : null;
    if (turned) return turned;
  }
  return words;
}

/** The department came first, and the type was what is a blueprint now. */
function deploy(rest: readonly string[]): readonly string[] | null {
  const [department, blueprint, ...more] = rest;
  const named = department !== undefined && blueprint !== undefined;
  if (!named || department.startsWith('-') || blueprint.startsWith('-')) return ['agent', 'deploy', ...rest];
  return ['agent', 'deploy', blueprint, '--department', department, ...more];
}

function agents(rest: readonly string[]): readonly string[] {
  const today = rest.map((word) => {
    const [option = '', value] = word.split('=');
    if (option === '--status' && value !== undefined) return `--status=${STATUS_WORDS[value] ?? value}`;
    return STATUS_WORDS[word] ?? word;
  });
  return ['agent', 'list', ...today];
}

/** Alone it means now. */
function halt(rest: readonly string[]): readonly string[] {
  const [verb = ''] = rest;
  return ['killswitch', ...(verb === '' || verb.startsWith('-') ? ['on'] : []), ...rest];
}

/** Without an id they meant everybody. */
function workersAll(was: string, now: string): Alias['turn'] {
  return (rest) => {
    if (rest[0] !== was) return null;
    const more = rest.slice(1);
    const named = more.some((word) => !word.startsWith('-'));
    return ['agent', now, ...(named ? [] : ['--all']), ...more];
  };
}

function workersScale(rest: readonly string[]): readonly string[] | null {
  if (rest[0] !== 'scale') return null;
  const more = rest.slice(1);
  const said = more.some((word) => /^--(multiplier|to)\b/.test(word));
  return ['agent', 'scale', ...more, ...(said || more.length === 0 ? [] : ['--multiplier', '2'])];
}
