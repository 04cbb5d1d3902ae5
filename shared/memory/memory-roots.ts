import type { Roots } from '../ports/outside.ts';

export function memoryRoots(): Roots {
  const kept = new Map<string, string>();
  return {
    async keep(date, text) {
      if (!kept.has(date)) kept.set(date, text);
    },
    since: async (from) =>
      [...kept]
        .filter(([date]) => date >= from)
        .sort()
        .map(([, text]) => text),
  };
}
