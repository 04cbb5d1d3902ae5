import { createHash, createHmac } from 'node:crypto';
import type { Hashing } from '../ports/time.ts';

export const systemHashing: Hashing = {
  sha256: (text) => createHash('sha256').update(text, 'utf8').digest('hex'),
  hmacSha256: (secret, text) => createHmac('sha256', secret).update(text, 'utf8').digest('hex'),
};
