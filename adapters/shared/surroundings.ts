import type { Clock } from '../../src/time/clock.ts';
import type { SecretSources } from './api-key.ts';
import type { WireRecorder } from './wire-record.ts';

/** What a hosted backend is made with besides its options. */
export interface HostedSurroundings extends SecretSources {
  /** Records its connections; absent: nobody does. */
  readonly recorder?: WireRecorder | null;
}

/** What a cascade's part is made with besides its options. */
export interface SpeechSurroundings extends HostedSurroundings {
  readonly clock: Clock;
  /** A path of the configuration, made absolute. */
  readonly resolvePath: (path: string) => string;
  /** Folder of a model that was pulled; `null` while it was not. */
  readonly pulledModel: (name: string) => string | null;
}
