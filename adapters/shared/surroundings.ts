import type { SecretSources } from './api-key.ts';
import type { WireRecorder } from './wire-record.ts';

/** What a hosted backend is made with besides its options. */
export interface HostedSurroundings extends SecretSources {
  /** Records its connections; absent: nobody does. */
  readonly recorder?: WireRecorder | null;
}
