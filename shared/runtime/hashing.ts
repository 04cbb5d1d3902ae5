import { createHmac, hash } from 'node:crypto';
import type { Hashing } from '../ports/time.ts';

export const systemHashing: Hashing = {
  sha256: (text) => hash('sha256', text, 'hex'),
  hmacSha256: (secret, text) => createHmac('sha256', secret).update(text, 'utf8').digest('hex'),
};
