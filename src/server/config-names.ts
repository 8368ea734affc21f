import { z } from 'zod';

/** Names of agents, backends, keys and rules: they appear in URLs, logs and metrics. */
export const entryName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
  error: 'must be 1 to 64 letters, digits, ".", "_" or "-", and start with a letter or digit',
});
