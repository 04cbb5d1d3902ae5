/** Loaded before a task's own code: when the channel to the engine closes, the engine is gone, and so must the task be. */

/** As long as a container gets after SIGTERM. */
const GRACE_MS = 30_000;

// The guard itself must not keep a finished task alive.
process.channel?.unref();
process.once('disconnect', () => {
  setTimeout(() => process.exit(137), GRACE_MS).unref();
  process.kill(process.pid, 'SIGTERM');
});
