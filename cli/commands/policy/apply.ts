import { NovaError } from '../../../shared/domain/error.ts';
import { readRulesChange } from '../../../shared/domain/policy-change.ts';
import { requestPolicyChange } from '../../../shared/store/policy-request.ts';
import { worldCommand } from '../../command.ts';
import { config, defaulting, flag, text } from '../../fields.ts';
import { readPolicySource } from '../../policy-source.ts';

export const command = worldCommand({
  noun: 'policy',
  verb: 'apply',
  summary: 'ask for a change of the policy; it holds once somebody else has approved it',
  detail:
    'A .json file with settings (see nova policy show --json), a folder with rules in Rego and maybe a settings.json, or a bundle. Rego is compiled by opa, which must be on the PATH; a bundle (.tar.gz from opa build -t wasm -e nova/authz/verdict, or its policy.wasm) needs nothing. Rules that would lock you out are refused. Whoever asks cannot approve: the mail does, or another operator. Exit code 5: it waits.',
  args: { path: text('settings, rules or a bundle', 'path') },
  options: { builtin: flag('back to the rules that come with the system') },
  prepared: {
    settings: defaulting(config('the settings'), {}),
    wasm: text('compiled rules'),
    sha256: text('their hash'),
  },
  examples: [
    'nova policy apply settings.json',
    'nova policy apply my-rules/ --json',
    'nova policy apply bundle.tar.gz',
    'nova policy apply --builtin',
  ],
  async prepare({ path, builtin }) {
    if ((path === undefined) === !builtin) throw new NovaError('bad_input', 'expected a path, or --builtin');
    if (path === undefined) return { path, builtin, settings: {}, wasm: undefined, sha256: undefined };
    const { settings, wasm, sha256 } = await readPolicySource(path);
    return { path, builtin, settings, wasm: wasm || undefined, sha256: sha256 || undefined };
  },
  async run({ builtin, settings, wasm, sha256 }, { world, actor }) {
    const own = wasm !== undefined && sha256 !== undefined ? { sha256, gzipped: wasm } : undefined;
    if ((own || builtin) && world.policy.name !== 'in process') {
      throw new NovaError('conflict', `an OPA server judges here (${world.policy.name}): its rules are changed there`);
    }
    const decision = await requestPolicyChange(world, {
      change: (rules) => ({
        ...readRulesChange(settings, rules),
        ...(own ? { rulesSha256: own.sha256 } : builtin ? { rulesSha256: '' } : {}),
      }),
      actor,
      ...(own ? { own } : {}),
    });
    const { id, approvalId, status, why, evidence } = decision;
    return { id, approvalId, status, why, changes: { ...evidence } };
  },
  exit: () => 5,
  render: ({ approvalId, changes }) =>
    [
      ...Object.entries(changes).map(([name, change]) => `${name}: ${change}`),
      `it waits for approval ${approvalId}: by the mail, or by another operator`,
    ].join('\n'),
});
