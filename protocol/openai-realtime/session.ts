import { z } from 'zod';
import {
  audioFormat,
  functionTool,
  maxOutputTokens,
  mcpTool,
  outputModalities,
  toolChoice,
  tools,
  voice,
} from './values.ts';

/** Endpointing by silence. Absent keys keep what is in force. */
const serverVadUpdate = z.strictObject({
  type: z.literal('server_vad'),
  threshold: z.number().min(0).max(1).optional(),
  prefix_padding_ms: z.number().int().min(0).max(10_000).optional(),
  silence_duration_ms: z.number().int().min(0).max(60_000).optional(),
  create_response: z.boolean().optional(),
  interrupt_response: z.boolean().optional(),
  idle_timeout_ms: z.number().int().min(5000).max(30_000).nullable().optional(),
});

/** Endpointing by meaning. */
const semanticVadUpdate = z.strictObject({
  type: z.literal('semantic_vad'),
  eagerness: z.enum(['auto', 'low', 'medium', 'high']).optional(),
  create_response: z.boolean().optional(),
  interrupt_response: z.boolean().optional(),
});

const turnDetectionUpdate = z.discriminatedUnion('type', [serverVadUpdate, semanticVadUpdate]);

/** What a client asks of turn detection. */
export type WireTurnDetectionUpdate = z.infer<typeof turnDetectionUpdate>;

/** Wishes whose shape is not looked into, because what is in force is echoed in their place. */
const wish = z.unknown().optional();

/**
 * A realtime session as a client updates it: only keys that are present change anything. Unknown
 * keys are errors, so that no setting is taken and then forgotten.
 */
export const realtimeSessionUpdate = z.strictObject({
  type: z.literal('realtime'),
  model: z.string().optional(),
  output_modalities: outputModalities.optional(),
  instructions: z.string().nullable().optional(),
  audio: z
    .strictObject({
      input: z
        .strictObject({
          format: audioFormat.optional(),
          noise_reduction: wish,
          transcription: z.looseObject({}).nullable().optional(),
          turn_detection: turnDetectionUpdate.nullable().optional(),
        })
        .optional(),
      output: z
        .strictObject({
          format: audioFormat.optional(),
          voice: voice.optional(),
          speed: z.number().min(0.25).max(1.5).optional(),
        })
        .optional(),
    })
    .optional(),
  max_output_tokens: maxOutputTokens.nullable().optional(),
  tools: tools.nullable().optional(),
  tool_choice: toolChoice.nullable().optional(),
  parallel_tool_calls: wish,
  reasoning: wish,
  truncation: wish,
  tracing: wish,
  prompt: wish,
  include: wish,
});

/** A realtime session's update after its schema. */
export type RealtimeUpdate = z.infer<typeof realtimeSessionUpdate>;

/** A session update of either type; transcription sessions are recognised to be refused. */
export const sessionUpdate = z.discriminatedUnion('type', [
  realtimeSessionUpdate,
  z.looseObject({ type: z.literal('transcription') }),
]);

/** A session update of either type after its schema. */
export type SessionUpdate = z.infer<typeof sessionUpdate>;

const effectiveServerVad = z.strictObject({
  type: z.literal('server_vad'),
  threshold: z.number(),
  prefix_padding_ms: z.number(),
  silence_duration_ms: z.number(),
  create_response: z.boolean(),
  interrupt_response: z.boolean(),
  idle_timeout_ms: z.number().nullable(),
});

const effectiveSemanticVad = z.strictObject({
  type: z.literal('semantic_vad'),
  eagerness: z.enum(['auto', 'low', 'medium', 'high']),
  create_response: z.boolean(),
  interrupt_response: z.boolean(),
});

const effectiveDetection = z.discriminatedUnion('type', [effectiveServerVad, effectiveSemanticVad]);

/** Turn detection that is on, as the server shows it. */
export type EffectiveDetection = z.infer<typeof effectiveDetection>;

/**
 * The whole session as the server shows it: every key is there and says what is in force. `null`
 * means that the thing does not happen here.
 */
export const effectiveSession = z.strictObject({
  type: z.literal('realtime'),
  object: z.literal('realtime.session'),
  id: z.string(),
  model: z.string(),
  expires_at: z.number().int().optional(),
  output_modalities: outputModalities,
  instructions: z.string(),
  tools: z.array(z.discriminatedUnion('type', [functionTool, mcpTool])),
  tool_choice: toolChoice,
  parallel_tool_calls: z.null(),
  reasoning: z.null(),
  max_output_tokens: maxOutputTokens,
  truncation: z.literal('auto'),
  tracing: z.null(),
  prompt: z.null(),
  include: z.null(),
  audio: z.strictObject({
    input: z.strictObject({
      format: audioFormat,
      noise_reduction: z.null(),
      transcription: z.strictObject({ model: z.string() }).nullable(),
      turn_detection: effectiveDetection.nullable(),
    }),
    output: z.strictObject({
      format: audioFormat,
      voice: z.string().nullable(),
      speed: z.literal(1),
    }),
  }),
});

/** The session as the server shows it. */
export type EffectiveSession = z.infer<typeof effectiveSession>;
