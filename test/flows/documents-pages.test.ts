/** The other pages: every command in it is typed. */
import { typeAll } from './documents.ts';

typeAll('docs/approvals.md');
typeAll('docs/metrics.md');
typeAll('docs/events.md');
typeAll('docs/ledger-hook.md');
typeAll('docs/audit-format.md');
typeAll('docs/threat-model.md');
typeAll('policies/README.md');
