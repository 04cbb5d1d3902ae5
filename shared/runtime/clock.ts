/** The machine's clock, kept in one place so that everything else can be given another. */
import type { Time } from '../ports/time.ts';

export const systemTime: Time = { now: () => Date.now() };
