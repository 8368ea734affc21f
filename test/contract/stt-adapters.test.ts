import { pcm16k, pcm24k, pcma8k, pcmu8k } from '../../src/audio/format.ts';
import { sttEventLimit } from '../../adapters/speech/stt/shared/live-session.ts';
import { sttContract } from './stt-contract.ts';
import { deepgramRig, pulseRig, transcriptionRig, whisperRig } from './stt-rigs.ts';

const eventLimit = sttEventLimit + 1;
const pcm8k = { codec: 'pcm16', rateHz: 8000 } as const;
const deepgramFormats = [
  pcm16k,
  pcm24k,
  pcm8k,
  { codec: 'pcm16', rateHz: 48_000 } as const,
  pcmu8k,
  pcma8k,
];

sttContract('deepgram, Nova', {
  capabilities: {
    partials: true,
    turnEvents: false,
    wordTimes: true,
    finish: 'flush',
    inputFormats: deepgramFormats,
    sessionCapMs: null,
  },
  eventLimit,
  setUp: () => deepgramRig({}, { model: 'nova-3' }),
});

const flux = {
  partials: true,
  turnEvents: true,
  wordTimes: true,
  inputFormats: deepgramFormats,
  sessionCapMs: null,
};

sttContract('deepgram, Flux', {
  capabilities: { ...flux, finish: 'flush' },
  eventLimit,
  setUp: () => deepgramRig(),
});

const transcription = {
  turnEvents: false,
  wordTimes: false,
  inputFormats: [pcm24k, pcmu8k, pcma8k],
  sessionCapMs: 3_600_000,
};

sttContract('openai-transcription', {
  capabilities: { ...transcription, partials: false, finish: 'whole' },
  eventLimit,
  setUp: () => transcriptionRig(),
});

sttContract('openai-transcription, a live model', {
  capabilities: { ...transcription, partials: true, finish: 'flush' },
  eventLimit,
  setUp: () => transcriptionRig({}, { model: 'gpt-realtime-whisper' }),
});

sttContract('smallest-pulse', {
  capabilities: {
    partials: true,
    turnEvents: false,
    wordTimes: true,
    finish: 'flush',
    inputFormats: [pcm16k, pcm24k, pcm8k, pcmu8k, pcma8k],
    sessionCapMs: null,
  },
  eventLimit,
  setUp: () => pulseRig(),
});

sttContract('whisper-http', {
  capabilities: {
    partials: false,
    turnEvents: false,
    wordTimes: false,
    finish: 'whole',
    inputFormats: [pcm16k, pcm24k, pcm8k],
    sessionCapMs: null,
  },
  eventLimit,
  setUp: () => whisperRig(),
});
