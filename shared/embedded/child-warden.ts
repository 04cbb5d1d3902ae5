/**
 * Outlives its engine by a moment: when the engine dies without a word (kill -9), a child that never gives the
 * processor back does not notice that its channel has closed, and would loop for ever. This process ends such children.
 */
const children = new Set<number>();

process.on('message', ([change, pid]: ['born' | 'gone', number]) => {
  if (change === 'born') children.add(pid);
  else children.delete(pid);
});

process.on('disconnect', () => {
  for (const pid of children) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has gone by itself.
    }
  }
  process.exit(0);
});
