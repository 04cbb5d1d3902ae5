/** What was opened, to be closed in the opposite order: after a failed start as after a good run. */
export type Closers = {
  add(close: () => unknown): void;
  /** Runs each once, the latest first; one that fails does not keep the others from it. */
  run(): Promise<void>;
};

export function closers(): Closers {
  const open: (() => unknown)[] = [];
  return {
    add: (close) => void open.push(close),
    async run() {
      for (let close = open.pop(); close; close = open.pop()) {
        try {
          await close();
        } catch {
          // Whoever stops wants everything gone; what did not close in order ends with the process.
        }
      }
    },
  };
}

/** Starts something that is closed later, also when it comes up after something else has failed. */
export async function opened<Part extends { stop(): unknown }>(closing: Closers, start: Promise<Part>): Promise<Part> {
  const part = await start;
  closing.add(() => part.stop());
  return part;
}

/** Waits for all before it fails with the first that failed: nothing may still come up behind the closing. */
export async function together<Parts extends readonly unknown[]>(
  starts: {
    readonly [index in keyof Parts]: Promise<Parts[index]>;
  },
): Promise<Parts> {
  await Promise.allSettled(starts);
  return (await Promise.all(starts)) as unknown as Parts;
}
