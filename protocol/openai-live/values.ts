import { z } from 'zod';

/** One format for both directions: raw samples, mono, no container. */
export const audioFormatSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('audio/pcm'),
    rate: z.union([z.literal(16_000), z.literal(24_000)]),
  }),
  z.strictObject({ type: z.literal('audio/pcmu'), rate: z.literal(8_000) }),
  z.strictObject({ type: z.literal('audio/pcma'), rate: z.literal(8_000) }),
]);
export type WireAudioFormat = z.infer<typeof audioFormatSchema>;

/** A built-in voice by its name, or a voice of one's own by its id. */
export const voiceSchema = z.union([
  z.string().min(1).max(128),
  z.strictObject({ id: z.string().min(1).max(128) }),
]);

/** The client's own name for an event; comes back with what answers it. */
export const eventIdSchema = z.string().max(512).nullish();

const itemBase = {
  type: z.literal('message').optional(),
  id: z.string().max(512).nullish(),
  status: z.enum(['incomplete', 'completed']).nullish(),
};
const inputText = z.strictObject({ type: z.literal('input_text').optional(), text: z.string() });
const assistantText = z.strictObject({
  type: z.enum(['text', 'output_text']).optional(),
  text: z.string(),
});

/** One entry of the text history that a session starts with. */
export const initialItemSchema = z.discriminatedUnion('role', [
  z.strictObject({
    ...itemBase,
    role: z.literal('developer'),
    content: z.array(inputText).length(1),
  }),
  z.strictObject({ ...itemBase, role: z.literal('user'), content: z.array(inputText).length(1) }),
  z.strictObject({
    ...itemBase,
    role: z.literal('assistant'),
    content: z.array(assistantText).length(1),
  }),
]);
export type InitialItem = z.infer<typeof initialItemSchema>;
