import { NovaError } from '../../../shared/domain/error.ts';
import { type Share, sharesText } from '../../../shared/domain/split.ts';
import { setSplit } from '../../../shared/store/split-change.ts';
import { listSplits, SPLIT_SOURCES, type SplitRule, versionsOf } from '../../../shared/store/split-store.ts';
import { worldCommand } from '../../command.ts';
import { choice, flag, needed, text } from '../../fields.ts';
import { blocks } from '../../render/details.ts';
import { table } from '../../render/table.ts';
import { shortTime } from '../../render/words.ts';

const share = text('an agent and its weight', 'agent=60');

export const command = worldCommand({
  noun: 'ledger',
  verb: 'split',
  summary: 'share the money of a product or a source among agents',
  detail: `For what metadata and links name no agent: a product, price or payment link, utm:<campaign>, or all of ${SPLIT_SOURCES.join(', ')}. It holds for payments from now on. What was paid before, its refunds and fees keep the rule of their time; nova ledger assign gives a single payment to one agent.`,
  args: {
    what: needed(choice('what to do', ['set', 'list', 'remove'])),
    target: text('the product or source', 'id'),
    ...{ a: share, b: share, c: share, d: share, e: share },
  },
  options: {
    reason: text('why; kept in the audit trail', 'sentence'),
    all: flag('list: earlier versions as well'),
  },
  examples: [
    'nova ledger split set stripe writer=60 mailer=40 --reason "the newsletter sells"',
    'nova ledger split set prod_NWjs8kKbJWmuuc shop=1 mailer=1',
    'nova ledger split list --all --json',
    'nova ledger split remove stripe',
  ],
  async run({ what, target, reason, all, ...words }, { world, actor }) {
    if (what === 'list') {
      const rules = target === undefined ? await listSplits(world.table, all) : await versionsOf(world.table, target);
      return rules.map(splitView);
    }
    if (target === undefined) throw new NovaError('bad_input', `nova ledger split ${what} needs a product or a source`);
    const given = [words.a, words.b, words.c, words.d, words.e].flatMap((word) => word ?? []);
    if (what === 'remove' && given.length > 0) throw new NovaError('bad_input', 'remove takes no agents');
    if (what === 'set' && given.length === 0) throw new NovaError('bad_input', 'who gets it? write agent=60 agent2=40');
    const by = { actor, reason: reason ?? '' };
    return [splitView(await setSplit(world, { target, shares: given.map(shareIn) }, by))];
  },
  render: (rules, style) =>
    blocks(
      table(
        rules,
        [
          { title: 'FOR', value: ({ target }) => target, min: 10 },
          { title: 'VERSION', value: ({ version }) => String(version), align: 'right' },
          { title: 'FROM (UTC)', value: ({ fromAt }) => shortTime(fromAt), dropOrder: 1 },
          { title: 'SHARES', value: ({ shares }) => (shares.length === 0 ? 'removed' : sharesText(shares)), min: 20 },
        ],
        style,
        'no rules: what names no agent and is in no catalogue stays unattributed',
      ),
    ),
});

function shareIn(word: string): Share {
  const [, agentId, weight] = /^([a-z0-9-]{1,40})=(\d{1,7})$/.exec(word) ?? [];
  if (agentId === undefined) throw new NovaError('bad_input', `write agent=60; got "${word}"`);
  return { agentId, weight: Number(weight) };
}

const splitView = ({ target, version, from, shares, actor, reason }: SplitRule) => ({
  id: `${target} v${version}`,
  ...{ target, version, fromAt: new Date(from).toISOString(), shares, actor, reason },
});
