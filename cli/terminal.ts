/** The person's side: two streams out, one in. Values go to `out` alone; messages, progress and errors to `err`. */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

export type Terminal = {
  out(text: string): void;
  err(text: string): void;
  /** Whether a person reads `out` / `err`; pipes get no colour and no redrawing. */
  readonly outIsTty: boolean;
  readonly errIsTty: boolean;
  /** Whether somebody can be asked. */
  readonly inIsTty: boolean;
  readonly color: boolean;
  readonly columns: number;
  /** All of standard input. */
  readAll(): Promise<string>;
  /** One line; hidden: nothing of it is shown. */
  ask(question: string, options: { readonly hidden: boolean }): Promise<string>;
};

/** The real one. Colour only on a terminal that wants it (https://no-color.org). */
export function realTerminal(wish: { readonly noColor: boolean }): Terminal {
  const outIsTty = process.stdout.isTTY === true;
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    outIsTty,
    errIsTty: process.stderr.isTTY === true,
    inIsTty: process.stdin.isTTY === true,
    color: outIsTty && !wish.noColor,
    // Asked each time: a window changes its size.
    get columns() {
      return outIsTty ? Math.max(40, process.stdout.columns || 80) : 80;
    },
    readAll,
    ask,
  };
}

async function readAll(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

function ask(question: string, { hidden }: { readonly hidden: boolean }): Promise<string> {
  process.stderr.write(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const output = hidden ? nowhere : process.stderr;
  const lines = createInterface({ input: process.stdin, output, terminal: process.stdin.isTTY === true });
  return new Promise((resolve) => {
    let answer = '';
    lines.once('line', (line) => {
      answer = line;
      lines.close();
    });
    lines.once('close', () => {
      if (hidden) process.stderr.write('\n');
      resolve(answer);
    });
  });
}
