import { z } from 'zod';
import { delegationSchema, delegationUpdateSchema, type WireDelegation } from './delegation.ts';
import {
  audioFormatSchema,
  initialItemSchema,
  voiceSchema,
  type InitialItem,
  type WireAudioFormat,
} from './values.ts';

/** Longest instructions, characters: 16,384 tokens of four each. */
const instructionsLimit = 65_536;

/** Triggers evaluate questions about transcripts; whoever reads them refuses them. */
const triggersSchema = z.array(z.looseObject({})).max(2);

/** What a session is started with. Strict: what is not known is refused by name. */
export const sessionConfigSchema = z.strictObject({
  model: z.string().min(1).max(256),
  instructions: z.string().max(instructionsLimit).nullish(),
  audio: z
    .strictObject({
      format: audioFormatSchema.optional(),
      output: z.strictObject({ voice: voiceSchema.optional() }).optional(),
    })
    .optional(),
  delegation: delegationSchema.nullish(),
  input: z.array(initialItemSchema).max(128).optional(),
  store: z.boolean().optional(),
  triggers: triggersSchema.optional(),
  client: z.strictObject({ data_channel: z.looseObject({}) }).optional(),
});
export type SessionConfig = z.infer<typeof sessionConfigSchema>;

/** What may change in a session that runs. */
export const sessionUpdateSchema = z.strictObject({
  delegation: delegationUpdateSchema.nullish(),
  triggers: triggersSchema.optional(),
});
export type SessionUpdate = z.infer<typeof sessionUpdateSchema>;

/** The session as it is in force. */
export interface SessionResource {
  readonly id: string;
  readonly model: string;
  /** Seconds since 1970. */
  readonly expires_at: number;
  readonly status: 'active';
  readonly instructions: string;
  readonly audio: {
    readonly format: WireAudioFormat;
    readonly output: { readonly voice?: string };
  };
  readonly delegation: WireDelegation;
  readonly input: readonly InitialItem[];
  readonly store: boolean;
  readonly triggers: readonly never[];
}
