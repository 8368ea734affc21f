import type { History } from './history.ts';

/** Tokens of a second of audio (vendor's count), and letters of a token, roughly. */
const audioTokensPerSecond = 25;
const lettersPerToken = 4;

/** usageMetadata of a turn that the model has just finished. */
export function usageOf(
  history: History,
  instructions: string,
  spoken: { readonly audioMs: number; readonly text: string },
): object {
  const promptText = tokensOf(instructions + history.map(({ text }) => text).join(' '));
  const promptAudio = audioTokens(
    history.reduce((sum, { role, audioMs }) => sum + (role === 'user' ? audioMs : 0), 0),
  );
  const answerAudio = audioTokens(spoken.audioMs);
  const promptTokenCount = promptText + promptAudio;
  return {
    promptTokenCount,
    responseTokenCount: answerAudio,
    totalTokenCount: promptTokenCount + answerAudio,
    promptTokensDetails: [
      { modality: 'TEXT', tokenCount: promptText },
      { modality: 'AUDIO', tokenCount: promptAudio },
    ],
    responseTokensDetails: [{ modality: 'AUDIO', tokenCount: answerAudio }],
  };
}

function tokensOf(text: string): number {
  return Math.ceil(text.length / lettersPerToken);
}

function audioTokens(audioMs: number): number {
  return Math.ceil((audioMs * audioTokensPerSecond) / 1000);
}
