import { pcm24k } from '../audio/format.ts';
import type { BackendCapabilities, BackendPort } from '../ports/backend.ts';
import type { CallError } from '../ports/errors.ts';

const capabilities: BackendCapabilities = {
  authorities: ['gateway'],
  cancel: false,
  truncate: false,
  commit: false,
  instructions: false,
  seedHistory: 'none',
  appendContext: false,
  outOfBand: false,
  tools: 'none',
  transcripts: { caller: false, agent: false, wordTimes: false },
  modalities: ['audio'],
  voices: null,
  inputFormats: [pcm24k],
  outputFormats: [pcm24k],
  fasterThanRealTime: false,
  sessionCapMs: null,
  resumption: false,
};

/**
 * Stands in for a backend that could not even be made, so that the others still serve: it prepares
 * and opens nothing and says why.
 */
export function absentBackend(name: string, type: string, error: CallError): BackendPort {
  return {
    name,
    type,
    capabilities,
    prepare: () => Promise.reject(error),
    open: () => Promise.reject(error),
    figures: () => ({}),
    close: () => Promise.resolve(),
  };
}
