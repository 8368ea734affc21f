import { z } from 'zod';

const baseUrl = z.url({ protocol: /^https?$/ }).refine(
  (text) => {
    const { username, password, search } = new URL(text);
    return username === '' && password === '' && search === '';
  },
  { error: 'must carry no user, password or query: use apiKeyEnv or apiKeyFile' },
);

/**
 * A voice behind `/audio/speech`: OpenAI's own, Kokoro-FastAPI and others.
 *
 * `voice` is the one that agents without a voice get; `rateHz` what the server speaks at, which raw
 * PCM does not say (a WAV file does, and is checked); `instructions` go along with each piece, and
 * those of a style in `styles` with a piece spoken in it; `requestsAhead` is how many pieces are asked
 * for at once; `probe: false` leaves the server alone until the first call; `timeouts` are ms: to a
 * connection, from the request to the first audio, and then between two pieces of it.
 */
export const openAiSpeechTtsOptions = z.strictObject({
  baseUrl: baseUrl.default('https://api.openai.com/v1'),
  model: z.string().min(1).default('gpt-4o-mini-tts'),
  voice: z.string().min(1).default('alloy'),
  apiKeyEnv: z.string().min(1).optional(),
  apiKeyFile: z.string().min(1).optional(),
  rateHz: z.int().min(8000).max(48_000).default(24_000),
  responseFormat: z.enum(['pcm', 'wav']).default('pcm'),
  speed: z.number().min(0.25).max(4).optional(),
  instructions: z.string().min(1).max(4096).optional(),
  styles: z.record(z.string().min(1), z.string().min(1).max(1024)).default({}),
  requestsAhead: z.int().min(1).max(8).default(2),
  probe: z.boolean().default(true),
  timeouts: z
    .strictObject({
      connectMs: z.int().min(100).max(60_000).default(3000),
      firstAudioMs: z.int().min(100).max(60_000).default(8000),
      idleMs: z.int().min(100).max(60_000).default(4000),
    })
    .prefault({}),
});

/** Options after their schema. */
export type OpenAiSpeechTtsOptions = z.output<typeof openAiSpeechTtsOptions>;
