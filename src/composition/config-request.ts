import type { ConfigFileOptions } from '../config-file.ts';

/** What the configuration's thread is asked: which file to read, and how. */
export type ConfigRequest = Omit<ConfigFileOptions, 'env' | 'backendSchemas'>;
