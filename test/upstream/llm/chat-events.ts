import type { ChatAnswer, ChatSpelling } from './options.ts';

/** One event of an answer; `isToken` where it holds a piece of what the model wrote. */
export interface ChatEvent {
  readonly text: string;
  readonly isToken: boolean;
}

interface Delta {
  readonly content?: string | null;
  readonly role?: string;
  readonly reasoning_content?: string;
  readonly tool_calls?: readonly unknown[];
}

/** Tokens of a text, near enough: a word and the space before it. */
export function tokensOf(text: string): readonly string[] {
  return text.match(/\s*\S+|\s+$/g) ?? [];
}

/** An answer as the events of a stream. */
export function chatEvents(
  answer: ChatAnswer,
  spelling: ChatSpelling,
  { ordinal, model, promptTokens }: { ordinal: number; model: string; promptTokens: number },
): readonly ChatEvent[] {
  const end = spelling.lineEnd ?? '\n';
  const events: ChatEvent[] = [];
  const base = {
    id: `chatcmpl-${ordinal}`,
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model,
  };
  const data = (body: unknown, isToken: boolean): void => {
    if (spelling.keepAlives === true) {
      events.push({ text: `: keep-alive${end}${end}`, isToken: false });
    }
    events.push({ text: `data: ${JSON.stringify(body)}${end}${end}`, isToken });
  };
  const delta = (one: Delta, isToken = true): void => {
    const empty = { index: 0, delta: {}, finish_reason: null };
    if (spelling.emptyDeltas === true) data({ ...base, choices: [empty] }, false);
    data({ ...base, choices: [{ index: 0, delta: one, finish_reason: null }] }, isToken);
  };

  delta({ role: 'assistant', content: '' }, false);
  if (spelling.reasoning !== undefined) delta({ reasoning_content: spelling.reasoning }, false);
  for (const token of tokensOf(answer.text ?? '')) delta({ content: token });
  const calls = callDeltas(answer, spelling, ordinal);
  for (const call of calls) delta({ tool_calls: [call] });
  const usual = calls.length > 0 && spelling.stopWithCalls !== true ? 'tool_calls' : 'stop';
  const last = { index: 0, delta: {}, finish_reason: answer.finish ?? usual };
  data({ ...base, choices: [last] }, false);
  if (spelling.noUsage !== true) {
    const tokens = events.filter(({ isToken }) => isToken).length;
    const usage = {
      prompt_tokens: promptTokens,
      completion_tokens: tokens,
      total_tokens: promptTokens + tokens,
      prompt_tokens_details: { cached_tokens: Math.floor(promptTokens / 2) },
    };
    data({ ...base, choices: [], usage }, false);
  }
  if (spelling.noDone !== true) events.push({ text: `data: [DONE]${end}${end}`, isToken: false });
  return events;
}

function callDeltas(
  { calls = [] }: ChatAnswer,
  spelling: ChatSpelling,
  ordinal: number,
): readonly unknown[] {
  return calls.flatMap((call, index) => {
    const place = spelling.noIndex === true ? {} : { index };
    const kind = spelling.noType === true ? {} : { type: 'function' };
    const id = call.id ?? `call_${ordinal}_${index}`;
    const named = { name: call.name };
    if (spelling.wholeCalls === true) {
      return [{ ...place, id, ...kind, function: { ...named, arguments: call.arguments } }];
    }
    const pieces = piecesOf(call.arguments, spelling.argumentCharacters ?? 5);
    const repeated = spelling.nameInEveryDelta === true ? named : {};
    return [
      { ...place, id, ...kind, function: { ...named, arguments: '' } },
      ...pieces.map((piece) => ({ ...place, function: { ...repeated, arguments: piece } })),
    ];
  });
}

function piecesOf(text: string, characters: number): readonly string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; at += characters) {
    pieces.push(text.slice(at, at + characters));
  }
  return pieces;
}
