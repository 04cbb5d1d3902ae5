/** A sign of life on the error stream for whatever takes more than two seconds. */
import type { Terminal } from './terminal.ts';

const QUIET_MS = 2000;
const REDRAW_MS = 1000;

/** On a terminal one line that counts; in a pipe one line, once. Nothing of it reaches standard output. */
export async function withProgress<T>(terminal: Terminal, what: string, work: () => Promise<T>): Promise<T> {
  let seconds = QUIET_MS / 1000;
  let redraw: NodeJS.Timeout | undefined;
  const show = (): void => {
    terminal.err(terminal.errIsTty ? `\r\u001b[2Knova: ${what}: working, ${seconds++} s` : `nova: ${what}: working…\n`);
  };
  const first = setTimeout(() => {
    show();
    if (terminal.errIsTty) redraw = setInterval(show, REDRAW_MS);
  }, QUIET_MS);
  try {
    return await work();
  } finally {
    clearTimeout(first);
    clearInterval(redraw);
    if (redraw) terminal.err('\r\u001b[2K');
  }
}
