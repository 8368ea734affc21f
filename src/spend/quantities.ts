import type { Usage } from '../ports/backend.ts';
import type { Quantities, UsageKind } from '../ports/usage.ts';

/**
 * What a vendor's report says was used. Cached tokens are told by modality where the vendor does, or
 * where there was input of one modality only; they are never more than the input they are part of.
 *
 * @returns `null` where the report says nothing of tokens
 */
export function quantitiesOf(usage: Usage): Quantities | null {
  const { inputTextTokens, inputAudioTokens, outputTextTokens, outputAudioTokens } = usage;
  const counts = [inputTextTokens, inputAudioTokens, outputTextTokens, outputAudioTokens];
  if (counts.every((count) => count === null)) return null;
  const text = inputTextTokens ?? 0;
  const audio = inputAudioTokens ?? 0;
  const saidText = within(usage.inputCachedTextTokens ?? 0, text);
  const saidAudio = within(usage.inputCachedAudioTokens ?? 0, audio);
  const cached = Math.max(within(usage.inputCachedTokens ?? 0, text + audio), saidText + saidAudio);
  const unsplit = cached - saidText - saidAudio;
  const cachedText = saidText + (audio - saidAudio === 0 ? unsplit : 0);
  const cachedAudio = saidAudio + (text - saidText === 0 ? unsplit : 0);
  return {
    inputTextTokens: text,
    inputAudioTokens: audio,
    inputCachedTokens: cached,
    inputCachedTextTokens: cachedText,
    inputCachedAudioTokens: cachedAudio,
    outputTextTokens: outputTextTokens ?? 0,
    outputAudioTokens: outputAudioTokens ?? 0,
  };
}

/** The sum of two usages. */
export function addQuantities(one: Quantities, other: Quantities): Quantities {
  const sum: Partial<Record<UsageKind, number>> = { ...one };
  for (const [kind, quantity] of Object.entries(other) as [UsageKind, number][]) {
    sum[kind] = (sum[kind] ?? 0) + quantity;
  }
  return sum;
}

/** All tokens of a usage; what was cached is part of the input. */
export function tokensOf(used: Quantities): number {
  const { inputTextTokens = 0, inputAudioTokens = 0 } = used;
  const { outputTextTokens = 0, outputAudioTokens = 0 } = used;
  return inputTextTokens + inputAudioTokens + outputTextTokens + outputAudioTokens;
}

function within(count: number, most: number): number {
  return Math.min(Math.max(0, count), most);
}
