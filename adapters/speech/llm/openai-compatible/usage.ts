import type { createOpenAICompatible } from '@ai-sdk/openai-compatible';

type Settings = Parameters<typeof createOpenAICompatible>[0];
type ConvertUsage = NonNullable<Settings['convertUsage']>;

/** The library's own conversion says 0 where the server said nothing. */
export const chatUsage: ConvertUsage = (usage) => ({
  inputTokens: {
    total: usage?.prompt_tokens ?? undefined,
    noCache: undefined,
    cacheRead: usage?.prompt_tokens_details?.cached_tokens ?? undefined,
    cacheWrite: undefined,
  },
  outputTokens: {
    total: usage?.completion_tokens ?? undefined,
    text: undefined,
    reasoning: usage?.completion_tokens_details?.reasoning_tokens ?? undefined,
  },
});
