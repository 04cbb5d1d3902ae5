/** What is read at night: every command in it is typed. */
import { typeAll } from './documents.ts';

typeAll('docs/runbook.md');
