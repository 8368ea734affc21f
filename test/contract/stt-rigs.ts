import { deepgramStt, deepgramSttOptions } from '../../adapters/speech/stt/deepgram/index.ts';
import {
  openAiTranscriptionOptions,
  openAiTranscriptionStt,
} from '../../adapters/speech/stt/openai-transcription/index.ts';
import type { SttSurroundings } from '../../adapters/speech/stt/shared/hosted-port.ts';
import {
  smallestPulseOptions,
  smallestPulseStt,
} from '../../adapters/speech/stt/smallest-pulse/index.ts';
import {
  whisperHttpOptions,
  whisperHttpStt,
} from '../../adapters/speech/stt/whisper-http/index.ts';
import {
  startDeepgramStandIn,
  type DeepgramStandInOptions,
} from '../upstream/stt/deepgram-server.ts';
import type { SttStandInOptions } from '../upstream/stt/options.ts';
import { startPulseStandIn } from '../upstream/stt/pulse-server.ts';
import { SttRig, sttKey } from '../upstream/stt/rig.ts';
import { startTranscriptionStandIn } from '../upstream/stt/transcription-server.ts';
import {
  startWhisperStandIn,
  type WhisperStandIn,
  type WhisperStandInOptions,
} from '../upstream/stt/whisper-server.ts';

const apiKey = sttKey;
const keyed = { apiKeyEnv: 'STT_KEY' };

/** Deepgram's adapter and its stand-in; the protocol follows from `options.model`. */
export function deepgramRig(
  standIn: DeepgramStandInOptions = {},
  options: object = {},
  more: Partial<SttSurroundings> = {},
): Promise<SttRig> {
  return SttRig.start(
    (clock) => startDeepgramStandIn({ clock, apiKey, ...standIn }),
    ({ url }, around) =>
      deepgramStt(deepgramSttOptions.parse({ ...keyed, url, ...options }), around),
    more,
  );
}

export function transcriptionRig(
  standIn: SttStandInOptions = {},
  options: object = {},
  more: Partial<SttSurroundings> = {},
): Promise<SttRig> {
  return SttRig.start(
    (clock) => startTranscriptionStandIn({ clock, apiKey, ...standIn }),
    ({ url }, around) =>
      openAiTranscriptionStt(
        openAiTranscriptionOptions.parse({ ...keyed, url, ...options }),
        around,
      ),
    more,
  );
}

export function pulseRig(
  standIn: SttStandInOptions = {},
  options: object = {},
  more: Partial<SttSurroundings> = {},
): Promise<SttRig> {
  return SttRig.start(
    (clock) => startPulseStandIn({ clock, apiKey, ...standIn }),
    ({ url }, around) =>
      smallestPulseStt(smallestPulseOptions.parse({ ...keyed, url, ...options }), around),
    more,
  );
}

export function whisperRig(
  standIn: WhisperStandInOptions = {},
  options: object = {},
): Promise<SttRig<WhisperStandIn>> {
  return SttRig.start(
    (clock) => startWhisperStandIn({ clock, apiKey, ...standIn }),
    ({ url: baseUrl }, around) =>
      whisperHttpStt(whisperHttpOptions.parse({ ...keyed, baseUrl, ...options }), around),
  );
}
