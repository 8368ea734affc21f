import { z } from 'zod';

/**
 * What the server of the Live API says, as far as it is read. Fields that are not named pass: the
 * server adds to its messages without notice. Several fields may be set in one message.
 */

const flag = z.boolean().nullish();
const count = z.number().nonnegative().nullish();

const transcription = z.object({ text: z.string().nullish(), finished: flag }).nullish();

const part = z.object({
  /** Text parts of an audio answer are thoughts, or their signature. */
  text: z.string().nullish(),
  thought: flag,
  inlineData: z.object({ mimeType: z.string().nullish(), data: z.string() }).nullish(),
});

/** Tokens of one modality. */
const modalityTokens = z
  .array(z.object({ modality: z.string().nullish(), tokenCount: count }))
  .nullish();

const usageMetadata = z.object({
  promptTokenCount: count,
  cachedContentTokenCount: count,
  responseTokenCount: count,
  totalTokenCount: count,
  promptTokensDetails: modalityTokens,
  responseTokensDetails: modalityTokens,
});

/** Tokens as the server counts them. */
export type WireUsage = z.output<typeof usageMetadata>;

const serverContent = z.object({
  modelTurn: z.object({ parts: z.array(part).nullish() }).nullish(),
  interrupted: flag,
  generationComplete: flag,
  turnComplete: flag,
  turnCompleteReason: z.string().nullish(),
  inputTranscription: transcription,
  interimInputTranscription: transcription,
  outputTranscription: transcription,
});

/** A piece of an answer, of a transcript, or a sign about them. */
export type WireServerContent = z.output<typeof serverContent>;

/** One message of the server. */
export const serverMessage = z.object({
  setupComplete: z.object({}).nullish(),
  serverContent: serverContent.nullish(),
  toolCall: z
    .object({
      functionCalls: z
        .array(
          z.object({
            id: z.string().nullish(),
            name: z.string().min(1),
            args: z.record(z.string(), z.unknown()).nullish(),
          }),
        )
        .nullish(),
    })
    .nullish(),
  toolCallCancellation: z.object({ ids: z.array(z.string()).nullish() }).nullish(),
  usageMetadata: usageMetadata.nullish(),
  /** A duration: `10s`, `9.5s`. */
  goAway: z.object({ timeLeft: z.string().nullish() }).nullish(),
  sessionResumptionUpdate: z.object({ newHandle: z.string().nullish(), resumable: flag }).nullish(),
  voiceActivity: z
    .object({
      type: z.string().nullish(),
      voiceActivityType: z.string().nullish(),
      audioOffset: z.string().nullish(),
    })
    .nullish(),
});

/** Fields of a message that are known here; others are counted. `error` is no field of the wire. */
export const serverFields: ReadonlySet<string> = new Set(Object.keys(serverMessage.shape));
