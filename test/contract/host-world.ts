/** What the suites of the blueprint host share: orders, and an owner that writes down what it was asked. */
import type { JsonObject } from '../../shared/domain/agent.ts';
import { NovaError } from '../../shared/domain/error.ts';
import { NO_TOKENS } from '../../shared/domain/price-table.ts';
import type { RunCalls, RunOrder } from '../../shared/ports/host.ts';

export type Owner = RunCalls & { readonly asked: string[] };

/** Holds `holdMicros`; answers every page with its address. */
export function owner(holdMicros = 1_000_000): Owner {
  const asked: string[] = [];
  let left = holdMicros;
  return {
    asked,
    async mark(boundMicros, item) {
      if (boundMicros > left) throw new NovaError('budget_reached', `${left} micro-USD left`);
      left -= boundMicros;
      asked.push(item === undefined ? `mark ${boundMicros}` : `mark ${boundMicros} ${item}`);
    },
    async tool({ name, args, boundMicros }) {
      if (name === 'lab.render') throw new NovaError('denied', `"${name}" is no tool of this agent`);
      if (boundMicros > left) throw new NovaError('budget_reached', `${left} micro-USD left`);
      left -= boundMicros;
      asked.push(`tool ${name} ${JSON.stringify(args)} ${boundMicros}`);
    },
    settle: (costMicros) => void asked.push(`settle ${costMicros}`),
    async checkpoint(state) {
      asked.push(`checkpoint ${JSON.stringify(state)}`);
    },
    async earn(amountMicros, movementId) {
      asked.push(`earn ${amountMicros} ${movementId}`);
    },
    async fetch(url) {
      asked.push(`fetch ${url}`);
      if (url.includes('forbidden')) throw new NovaError('denied', 'not allowed');
      return { status: 200, url, contentType: 'text/html', body: `<h1>page of ${url}</h1><script>x</script>` };
    },
    async llm({ model, messages, maxOutputTokens }) {
      const tokens = { ...NO_TOKENS, input: 5, output: 7 };
      if (maxOutputTokens > left) throw new NovaError('budget_reached', `${left} micro-USD left`);
      asked.push(`llm ${model} ${messages.map(({ content }) => content).join('|')}`);
      return { text: 'hello', stop: 'end_turn', tokens, costMicros: 12 };
    },
    log: (message) => void asked.push(`log ${message}`),
  };
}

let made = 0;

export function order(change: Partial<RunOrder> = {}): RunOrder {
  made += 1;
  return {
    runId: `lab.0.s${made}`,
    agentId: 'lab',
    instance: { number: 0, count: 1 },
    attempt: 1,
    sequence: 0,
    deadline: Date.now() + 20_000,
    blueprint: 'lab.scripted',
    config: {},
    state: null,
    ...change,
  };
}

/** An order of lab.scripted with one entry. */
export function scripted(entry: JsonObject, change: Partial<RunOrder> = {}): RunOrder {
  return order({ config: { outcomes: [entry] }, ...change });
}
