import { z } from 'zod';
import { hostedVoiceShape, voiceUrl } from '../shared/options.ts';

/** Rates that the vendor gives PCM in, Hz. */
export const deepgramRates = [24_000, 16_000, 8000, 48_000, 32_000] as const;

/**
 * A `deepgram` voice. The model is the voice: `aura-…` speaks the older protocol, `flux-…` the one by
 * turns. `url` is everything before `/v1/speak` or `/v2/speak`; `speed` 0.5–1.5.
 */
export const deepgramTtsOptions = z.strictObject({
  ...hostedVoiceShape,
  url: voiceUrl.default('wss://api.deepgram.com'),
  model: z
    .string()
    .regex(/^(aura|flux)-[\w-]+$/)
    .default('aura-2-thalia-en'),
  rateHz: z.literal(deepgramRates).default(24_000),
  speed: z.number().min(0.5).max(1.5).optional(),
});

/** Options after their schema. */
export type DeepgramTtsOptions = z.output<typeof deepgramTtsOptions>;
