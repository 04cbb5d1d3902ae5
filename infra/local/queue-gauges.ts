/** What CloudWatch would know of the queues, asked of themselves. */
import type { Gauges } from '../../shared/ports/outside.ts';
import type { QueueAdmin } from '../../shared/ports/queue.ts';

export function queueGauges(
  queues: Readonly<Record<string, QueueAdmin>>,
  marks: Gauges['marks'] = async () => [],
): Gauges {
  return {
    marks,
    queues: () =>
      Promise.all(
        Object.entries(queues).map(async ([name, queue]) => {
          const { visible, dead } = await queue.depth();
          const oldestSeconds = (await queue.oldestSeconds?.()) ?? 0;
          const [first] = dead > 0 ? await queue.deadLetters(1) : [];
          return { name, visible, dead, oldestSeconds, reason: first?.reason ?? '' };
        }),
      ),
  };
}
