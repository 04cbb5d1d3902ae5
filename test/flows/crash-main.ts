/** An engine in a process of its own, to be killed: `crash-main.ts <embedded|rehearsal> <home> <time scale>`. */
import { startNamed } from './engine-kinds.ts';

const [kind = '', home = '', timeScale = '1'] = process.argv.slice(2);

// A test that is interrupted leaves no engine behind.
process.on('disconnect', () => process.exit(1));
const engine = await startNamed(kind === 'rehearsal' ? 'rehearsal' : 'embedded', home, Number(timeScale));
process.send?.({ ready: engine.place.url });
