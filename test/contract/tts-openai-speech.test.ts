import {
  openAiSpeechTts,
  openAiSpeechTtsOptions,
} from '../../adapters/speech/tts/openai-speech/index.ts';
import type { SpeechSurroundings } from '../../adapters/shared/surroundings.ts';
import { pcm24k } from '../../src/audio/format.ts';
import type { TextToSpeechPort } from '../../src/ports/text-to-speech.ts';
import type { Clock } from '../../src/time/clock.ts';
import { ManualClock } from '../../src/time/manual-clock.ts';
import { startSpeechStandIn, type SpeechFault } from '../upstream/openai-speech/server.ts';
import { toneEar } from '../upstream/openai-speech/tone-voice.ts';
import { passTime } from '../upstream/pass-time.ts';
import { describeTtsContract, type VoiceFault, type VoiceWish } from './tts-contract.ts';

const key = 'sk-contract-0123456789';

function voiceAt(url: string, clock: Clock, responseFormat: 'pcm' | 'wav'): TextToSpeechPort {
  const surroundings: SpeechSurroundings = {
    clock,
    env: { STAND_IN_KEY: key },
    readText: (path) => Promise.reject(new Error(`no file is to be read here: ${path}`)),
    resolvePath: (path) => path,
    pulledModel: () => null,
  };
  const options = { baseUrl: url, apiKeyEnv: 'STAND_IN_KEY', responseFormat };
  return openAiSpeechTts(openAiSpeechTtsOptions.parse(options), surroundings);
}

function faultOf(fault: VoiceFault | null): SpeechFault | null {
  switch (fault) {
    case 'refuse':
      return { kind: 'refuse', status: 401, body: { error: { message: `no ${key}` } } };
    case 'before_audio':
      return { kind: 'cut', audioMs: 0, times: 1 };
    case 'in_audio':
      return { kind: 'cut', audioMs: 600, times: 1 };
    case 'hang_opening':
    case null:
      return null;
  }
}

for (const responseFormat of ['pcm', 'wav'] as const) {
  describeTtsContract(`openai-speech (${responseFormat})`, {
    capabilities: voiceAt('http://127.0.0.1:1', new ManualClock(), responseFormat).capabilities,
    // Opening reaches nobody: each piece is a request of its own.
    faults: ['refuse', 'before_audio', 'in_audio'],
    setUp: async ({ pace, fault }: VoiceWish) => {
      const clock = new ManualClock();
      const server = await startSpeechStandIn({
        clock,
        apiKey: key,
        firstByteMs: { p50: 40, p95: 80 },
        realTimeFactor: pace === 'slow' ? 2 : 50,
        fault: faultOf(fault),
      });
      const port = voiceAt(server.url, clock, responseFormat);
      return {
        port,
        clock,
        pass: passTime(clock),
        speaking: { voice: null, language: null, format: pcm24k },
        ear: toneEar,
        upstream: { working: () => server.active, connections: () => server.connections },
        close: async () => {
          await port.close();
          await server.close();
        },
      };
    },
  });
}
