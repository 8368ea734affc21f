import type { BackendContext, BackendPort } from '../../src/ports/backend.ts';
import { silentLogger } from '../../src/ports/log.ts';
import type { CallSettings } from '../../src/ports/settings.ts';
import type { Clock } from '../../src/time/clock.ts';
import { countingIds } from '../../src/time/ids.ts';

/** What a call would open this backend with: its own preferences, manual turns, no tools. */
export function contextFor(
  { capabilities }: Pick<BackendPort, 'capabilities'>,
  clock: Clock,
  differing: { readonly callId?: string; readonly settings?: Partial<CallSettings> } = {},
): BackendContext {
  const [inputFormat] = capabilities.inputFormats;
  const [outputFormat] = capabilities.outputFormats;
  const [authority] = capabilities.authorities;
  const [modality] = capabilities.modalities;
  if (!inputFormat || !outputFormat || !authority || !modality) {
    throw new TypeError('a backend has at least one format, authority and modality');
  }
  const { voices } = capabilities;
  return {
    callId: differing.callId ?? 'call_1',
    agent: 'test',
    authority,
    settings: {
      instructions: capabilities.instructions ? 'Be brief.' : '',
      voice: voices === null ? null : voices === 'any' ? 'any voice' : (voices[0] ?? null),
      modality,
      inputFormat,
      outputFormat,
      turnDetection: null,
      callerTranscripts: capabilities.transcripts.caller,
      tools: [],
      toolChoice: { mode: 'auto' },
      maxOutputTokens: 'inf',
      ...differing.settings,
    },
    inputFormat,
    outputFormat,
    seed: null,
    clock,
    ids: countingIds(),
    log: silentLogger,
  };
}
