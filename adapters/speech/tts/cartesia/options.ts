import { z } from 'zod';
import { hostedVoiceShape, voiceUrl } from '../shared/options.ts';

/** Rates that the vendor gives PCM in, Hz. */
export const cartesiaRates = [24_000, 16_000, 8000, 22_050, 44_100, 48_000] as const;

/**
 * A `cartesia` voice. `url` is the whole address; `voice` a voice id, for agents that name none;
 * `version` the date of the API; `speed` 0.6–1.5; `styles` maps our style names to the model's
 * emotions (`cheerful: happy`).
 */
export const cartesiaTtsOptions = z.strictObject({
  ...hostedVoiceShape,
  url: voiceUrl.default('wss://api.cartesia.ai/tts/websocket'),
  version: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}$/)
    .default('2026-03-01'),
  model: z.string().min(1).default('sonic-3.5'),
  voice: z.string().min(1).default('a0e99841-438c-4a64-b679-ae501e7d6091'),
  rateHz: z.literal(cartesiaRates).default(24_000),
  speed: z.number().min(0.6).max(1.5).optional(),
  styles: z.record(z.string().min(1), z.string().regex(/^[\w -]+$/)).default({}),
});

/** Options after their schema. */
export type CartesiaTtsOptions = z.output<typeof cartesiaTtsOptions>;
