import { z } from 'zod';
import { hostedVoiceShape, voiceUrl } from '../shared/options.ts';

/** Rates that the vendor gives PCM in, Hz. */
export const lightningRates = [24_000, 16_000, 8000, 44_100] as const;

/**
 * A `smallest-lightning` voice. `url` is the whole address; `voice` a voice id, for agents that name
 * none; `speed` 0.5–2; `wordTimes` asks for the times of words, which the vendor has for some English
 * and Hindi voices only.
 */
export const smallestLightningTtsOptions = z.strictObject({
  ...hostedVoiceShape,
  url: voiceUrl.default('wss://api.smallest.ai/waves/v1/tts/live'),
  model: z.enum(['lightning_v3.1', 'lightning_v3.1_pro']).default('lightning_v3.1'),
  voice: z.string().min(1).default('magnus'),
  rateHz: z.literal(lightningRates).default(24_000),
  speed: z.number().min(0.5).max(2).optional(),
  wordTimes: z.boolean().default(false),
});

/** Options after their schema. */
export type LightningTtsOptions = z.output<typeof smallestLightningTtsOptions>;
