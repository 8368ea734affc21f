import type { ConversationItem } from '../../../src/ports/conversation.ts';
import type { CallSettings } from '../../../src/ports/settings.ts';
import { Answer, type AnswerHost } from './answer.ts';
import { entryOf, type History } from './history.ts';
import { foldHistory } from './model-messages.ts';

/** What an answer is asked to be. */
export interface Ask {
  /** Its context instead of the conversation. */
  readonly input: readonly ConversationItem[] | null;
  /** What the caller says now, beyond the conversation. */
  readonly next?: string;
  /** It says exactly this. */
  readonly words?: string | null;
  /** Belongs to the conversation. */
  readonly inBand: boolean;
}

/** Begins an answer to the conversation as it is now. */
export function beginAnswer(
  {
    callId,
    settings,
    history,
    input,
    next = null,
    words = null,
    inBand,
  }: Omit<Ask, 'next'> & {
    readonly next?: string | null;
    readonly callId: string;
    readonly settings: CallSettings;
    readonly history: History;
  },
  host: AnswerHost,
): Answer {
  const entries =
    input === null
      ? history.entries
      : input.map((item) => history.turn(item.itemId) ?? entryOf(item));
  const { messages, unmatched } = foldHistory(settings.instructions, entries, next);
  host.counters.outputsUnmatched += unmatched;
  const { tools, toolChoice, maxOutputTokens, modality, voice } = settings;
  const model = {
    callId,
    messages,
    tools,
    toolChoice,
    maxOutputTokens: maxOutputTokens === 'inf' ? null : maxOutputTokens,
  };
  return new Answer({ model, words, modality, inBand, voice }, host);
}
