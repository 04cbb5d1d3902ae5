/** The engine that a process uses: its own, or the server that the owner named. Loaded with the first question. */
import { messageOf } from '../domain/error.ts';
import { troubled } from '../domain/policy-question.ts';
import type { PolicyEngine } from '../ports/policy.ts';
import type { Time } from '../ports/time.ts';

/** `serverUrl` absent: in process. */
export function openPolicy(time: Pick<Time, 'now'>, serverUrl?: string): PolicyEngine {
  let opened: Promise<PolicyEngine> | undefined;
  return {
    name: serverUrl ?? 'in process',
    async evaluate(question, basis) {
      opened ??= load(time, serverUrl);
      try {
        return await (await opened).evaluate(question, basis);
      } catch (thrown) {
        opened = undefined;
        return troubled(messageOf(thrown), basis.rules?.sha256 ?? '', basis.settings.version);
      }
    },
  };
}

async function load(time: Pick<Time, 'now'>, serverUrl?: string): Promise<PolicyEngine> {
  const { cachedPolicy } = await import('./cached-policy.ts');
  if (serverUrl) {
    const { serverPolicy } = await import('./server-policy.ts');
    return cachedPolicy(serverPolicy({ url: serverUrl }), { time });
  }
  const [{ wasmPolicy }, { readArtifact }] = await Promise.all([import('./wasm-policy.ts'), import('./artifact.ts')]);
  return cachedPolicy(wasmPolicy({ artifact: readArtifact }), { time });
}
