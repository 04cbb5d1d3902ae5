/** The page that everybody reads first: every command in it is typed. */
import { typeAll } from './documents.ts';

typeAll('README.md');
typeAll('SECURITY.md');
