import { z } from 'zod';

/** Longest id that a client may give to an event or an item, characters. */
const idLimit = 512;

/** An id that a client made up. */
export const clientId = z.string().min(1).max(idLimit);

/** Whole milliseconds or a fraction of them, never negative. */
export const durationMs = z.number().nonnegative();

/** PCM is signed 16-bit little-endian mono; G.711 has no rate because it has only one. */
export const audioFormat = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('audio/pcm'), rate: z.number().int().positive().optional() }),
  z.strictObject({ type: z.literal('audio/pcmu') }),
  z.strictObject({ type: z.literal('audio/pcma') }),
]);

/** An audio format as it stands on the wire. */
export type WireAudioFormat = z.infer<typeof audioFormat>;

/** A voice by name, or by the id of a voice of the client's own. */
export const voice = z.union([z.string().min(1), z.strictObject({ id: z.string().min(1) })]);

/** Exactly one modality: the two cannot be had together. */
export const outputModalities = z.array(z.enum(['audio', 'text'])).length(1);

/** Longest answer in tokens, or no limit. */
export const maxOutputTokens = z.union([z.number().int().min(1).max(4096), z.literal('inf')]);

/** A function the agent may call. Other keys (`strict` …) are for other APIs and are dropped. */
export const functionTool = z.object({
  type: z.literal('function'),
  name: z.string().min(1).max(128),
  description: z.string().nullable().optional(),
  parameters: z.record(z.string(), z.unknown()).nullable().optional(),
});

/** A server whose tools the upstream runs; its further keys are the upstream's to judge. */
export const mcpTool = z.looseObject({
  type: z.literal('mcp'),
  server_label: z.string().min(1).max(128),
});

/** A tool of any kind. */
const tool = z.discriminatedUnion('type', [functionTool, mcpTool]);

/** A list of tools as a client sends it. */
export const tools = z.array(tool).max(256);

/** Which tool must, may or may not be called. */
export const toolChoice = z.union([
  z.enum(['auto', 'none', 'required']),
  z.object({ type: z.literal('function'), name: z.string().min(1) }),
  z.looseObject({ type: z.literal('mcp') }),
]);

/** A tool choice as it stands on the wire. */
export type WireToolChoice = z.infer<typeof toolChoice>;

/** The client's own labels on a response: 16 pairs at most. */
export const metadata = z
  .record(z.string().max(64), z.string().max(512))
  .refine((pairs) => Object.keys(pairs).length <= 16, { error: 'Too many pairs: at most 16' });
