import type { BackendCapabilities } from '../../../src/ports/backend.ts';
import type { LanguageModelPort } from '../../../src/ports/language-model.ts';
import type { SpeechToTextPort } from '../../../src/ports/speech-to-text.ts';
import type { TextToSpeechPort } from '../../../src/ports/text-to-speech.ts';
import type { CascadeSettings } from './options.ts';

/** The three parts of a cascade. */
export interface CascadeParts {
  readonly stt: SpeechToTextPort;
  readonly llm: LanguageModelPort;
  readonly tts: TextToSpeechPort;
}

/** What a cascade of these parts can do. */
export function capabilitiesOf(
  { stt, llm, tts }: CascadeParts,
  { speculation }: CascadeSettings,
): BackendCapabilities {
  return {
    authorities: ['gateway'],
    cancel: true,
    truncate: true,
    commit: true,
    instructions: true,
    seedHistory: 'text',
    appendContext: true,
    outOfBand: true,
    tools: llm.capabilities.tools ? 'asynchronous' : 'none',
    transcripts: {
      caller: true,
      agent: true,
      wordTimes: tts.capabilities.timing !== 'none',
      partials: stt.capabilities.partials,
      paired: true,
      turnEvents: stt.capabilities.turnEvents,
    },
    modalities: ['audio', 'text'],
    voices: tts.capabilities.voices,
    inputFormats: stt.capabilities.inputFormats,
    outputFormats: tts.capabilities.outputFormats,
    // Services that listen along take little more than real time; a request takes any amount.
    fasterThanRealTime: stt.capabilities.finish === 'whole',
    sessionCapMs: null,
    resumption: false,
    // There is nothing to begin early on where words come with the end of the turn alone.
    speculation: speculation && stt.capabilities.partials,
    verbatim: true,
    stages: true,
    standby: true,
  };
}
