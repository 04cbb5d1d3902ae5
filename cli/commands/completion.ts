import { hereCommand } from '../command.ts';
import { completionScript, SHELLS } from '../completion.ts';
import { choice, needed } from '../fields.ts';

export const command = hereCommand({
  noun: '',
  verb: 'completion',
  summary: 'a script that completes nova in your shell',
  args: { shell: needed(choice('your shell', SHELLS)) },
  options: {},
  examples: [
    'nova completion bash > ~/.local/share/bash-completion/completions/nova',
    'nova completion zsh > ~/.zfunc/_nova',
    'nova completion fish > ~/.config/fish/completions/nova.fish',
  ],
  run: async ({ shell }) => ({ id: shell, script: await completionScript(shell) }),
  render: ({ script }) => script.trimEnd(),
});
