/** The way to a stage on AWS: every command in it is typed. */
import { typeAll } from './documents.ts';

typeAll('docs/deploy.md');
