import { z } from 'zod';
import { hostedVoiceShape, voiceUrl } from '../shared/options.ts';

/** Rates that the vendor gives PCM in, Hz. */
export const elevenLabsRates = [24_000, 16_000, 8000, 22_050, 44_100] as const;

/**
 * An `elevenlabs` voice. `url` is everything before `/v1/text-to-speech/`; `voice` a voice id, for
 * agents that name none; `speed` 0.7–1.2; `stability` and `similarityBoost` 0–1; `styles` maps our
 * style names to the model's audio tags without their brackets (`whisper: whispers`), for models that
 * understand tags.
 */
export const elevenLabsTtsOptions = z.strictObject({
  ...hostedVoiceShape,
  url: voiceUrl.default('wss://api.elevenlabs.io'),
  model: z.string().min(1).default('eleven_flash_v2_5'),
  voice: z.string().regex(/^\w+$/).default('21m00Tcm4TlvDq8ikWAM'),
  rateHz: z.literal(elevenLabsRates).default(24_000),
  speed: z.number().min(0.7).max(1.2).optional(),
  stability: z.number().min(0).max(1).optional(),
  similarityBoost: z.number().min(0).max(1).optional(),
  styles: z.record(z.string().min(1), z.string().regex(/^[^[\]]+$/)).default({}),
});

/** Options after their schema. */
export type ElevenLabsTtsOptions = z.output<typeof elevenLabsTtsOptions>;
