import type { ServerContent, ServerItem } from '../../../protocol/openai-realtime/items.ts';
import type {
  ResponseUsage,
  ServerResponse,
  StatusDetails,
} from '../../../protocol/openai-realtime/response.ts';
import type { ServerEventBody } from '../../../protocol/openai-realtime/server-events.ts';
import { Base64Bytes } from '../../../src/audio/base64-bytes.ts';
import type { Usage } from '../../../src/ports/backend.ts';
import type { ToolCallItem } from '../../../src/ports/conversation.ts';
import { errorTable } from '../../../src/ports/errors.ts';
import type { Line, LineEnd } from '../../../src/ports/events.ts';
import type { CallSettings } from '../../../src/ports/settings.ts';
import { messageItem, writeItem } from './items.ts';
import { responseIdOf } from './response-id.ts';
import { writeFormat } from './session.ts';

type Events = readonly ServerEventBody[];

/** What a line's view depends on besides the line. */
export interface LineContext {
  /** Settings in force when the line was opened. */
  readonly settings: CallSettings;
  readonly conversationId: string;
}

/**
 * One line as a response. Its message item is announced with its first audio or text, so that a
 * line that only calls tools shows no empty message. Every method returns events in order.
 */
export class LineView {
  readonly line: Line;
  readonly responseId: string;
  readonly #context: LineContext;
  /** Finished items by output index; `null` while the message at that index is still open. */
  readonly #output: (ServerItem | null)[] = [];
  #message: OpenMessage | null = null;

  constructor(line: Line, context: LineContext) {
    this.line = line;
    this.responseId = responseIdOf(line.lineId);
    this.#context = context;
  }

  get inBand(): boolean {
    return this.line.epoch !== null;
  }

  open(): Events {
    return [{ type: 'response.created', response: this.#response('in_progress', null, [], null) }];
  }

  /** Empty where the line has no audio to show. The bytes are only read. */
  audio(bytes: Uint8Array): Events {
    if (this.line.modality === 'text') return [];
    const { opening, place } = this.#openMessage();
    const delta = Base64Bytes.encode(bytes);
    const event: ServerEventBody = { type: 'response.output_audio.delta', ...place, delta };
    return opening.length === 0 ? [event] : [...opening, event];
  }

  text(delta: string): Events {
    const { opening, place, message } = this.#openMessage();
    message.text += delta;
    return [
      ...opening,
      this.line.modality === 'audio'
        ? { type: 'response.output_audio_transcript.delta', ...place, delta }
        : { type: 'response.output_text.delta', ...place, delta },
    ];
  }

  toolCalled(item: ToolCallItem, previousItemId: string | null): Events {
    const outputIndex = this.#output.length;
    const done = writeItem({ ...item, status: 'completed' });
    this.#output.push(done);
    // Announced as unfinished: a client that sees a finished call twice answers it twice.
    const begun = writeItem({ ...item, status: 'in_progress', arguments: '' });
    const inResponse = { response_id: this.responseId, output_index: outputIndex };
    const place = { ...inResponse, item_id: item.itemId, call_id: item.toolCallId };
    return [
      { type: 'response.output_item.added', ...inResponse, item: begun },
      ...this.#inConversation('conversation.item.added', begun, previousItemId),
      { type: 'response.function_call_arguments.delta', ...place, delta: item.arguments },
      {
        type: 'response.function_call_arguments.done',
        ...place,
        name: item.name,
        arguments: item.arguments,
      },
      { type: 'response.output_item.done', ...inResponse, item: done },
      ...this.#inConversation('conversation.item.done', done, previousItemId),
    ];
  }

  /** Another item of this response. @returns where it stands in the output */
  output(item: ServerItem): number {
    return this.#output.push(item) - 1;
  }

  /** The item that stands there is this by now. */
  replaceOutput(outputIndex: number, item: ServerItem): void {
    this.#output[outputIndex] = item;
  }

  /** Closes what is open, then the response; nothing of this line may follow. */
  close(end: LineEnd, usage: Usage | null): Events {
    const closing = this.#closeMessage(end);
    const output = this.#output.filter((item) => item !== null);
    const response = this.#response(end.status, detailsOf(end), output, usageOf(usage));
    return [...closing, { type: 'response.done', response }];
  }

  /** Called for every piece of audio: an open message is given as it is. */
  #openMessage(): OpenMessage {
    if (this.#message !== null) return this.#message;
    const outputIndex = this.#output.length;
    const { previousItemId } = this.line;
    this.#output.push(null);
    const place = this.#place(outputIndex);
    const item = messageItem(this.line.itemId, 'in_progress', 'assistant', []);
    const opening: Events = [
      {
        type: 'response.output_item.added',
        response_id: this.responseId,
        output_index: outputIndex,
        item,
      },
      ...this.#inConversation('conversation.item.added', item, previousItemId),
      { type: 'response.content_part.added', ...place, part: this.#part('') },
    ];
    const message = { text: '' };
    this.#message = { opening: [], place, message };
    return { opening, place, message };
  }

  #closeMessage(end: LineEnd): Events {
    if (this.#message === null) return [];
    const { place, message } = this.#message;
    const { output_index: outputIndex } = place;
    const { text } = message;
    const { previousItemId } = this.line;
    const content: ServerContent =
      this.line.modality === 'audio'
        ? { type: 'output_audio', transcript: text }
        : { type: 'output_text', text };
    const item = messageItem(
      this.line.itemId,
      end.status === 'completed' ? 'completed' : 'incomplete',
      'assistant',
      [content],
    );
    this.#output[outputIndex] = item;
    const partDone: Events =
      this.line.modality === 'audio'
        ? [
            { type: 'response.output_audio.done', ...place },
            { type: 'response.output_audio_transcript.done', ...place, transcript: text },
          ]
        : [{ type: 'response.output_text.done', ...place, text }];
    return [
      ...partDone,
      { type: 'response.content_part.done', ...place, part: this.#part(text) },
      {
        type: 'response.output_item.done',
        response_id: this.responseId,
        output_index: outputIndex,
        item,
      },
      ...this.#inConversation('conversation.item.done', item, previousItemId),
    ];
  }

  #place(outputIndex: number): Place {
    return {
      response_id: this.responseId,
      item_id: this.line.itemId,
      output_index: outputIndex,
      content_index: 0,
    };
  }

  #part(text: string): { type: 'audio'; transcript: string } | { type: 'text'; text: string } {
    return this.line.modality === 'audio'
      ? { type: 'audio', transcript: text }
      : { type: 'text', text };
  }

  #inConversation(
    type: 'conversation.item.added' | 'conversation.item.done',
    item: ServerItem,
    previousItemId: string | null,
  ): Events {
    return this.inBand ? [{ type, previous_item_id: previousItemId, item }] : [];
  }

  #response(
    status: ServerResponse['status'],
    details: StatusDetails | null,
    output: ServerItem[],
    usage: ResponseUsage | null,
  ): ServerResponse {
    const { settings, conversationId } = this.#context;
    const { overrides, metadata, modality } = this.line;
    return {
      object: 'realtime.response',
      id: this.responseId,
      status,
      status_details: details,
      output,
      conversation_id: this.inBand ? conversationId : null,
      output_modalities: [modality],
      max_output_tokens: overrides.maxOutputTokens ?? settings.maxOutputTokens,
      audio: {
        output: {
          format: writeFormat(settings.outputFormat),
          voice: overrides.voice ?? settings.voice,
        },
      },
      usage,
      metadata: metadata === null ? null : { ...metadata },
    };
  }
}

interface OpenMessage {
  /** What announces it. */
  readonly opening: Events;
  readonly place: Place;
  readonly message: { text: string };
}

interface Place {
  readonly response_id: string;
  readonly item_id: string;
  readonly output_index: number;
  readonly content_index: number;
}

function detailsOf(end: LineEnd): StatusDetails | null {
  switch (end.status) {
    case 'completed':
      return null;
    case 'cancelled':
      // The wire has no word for a call that ended under its response.
      return end.reason === 'call_closed'
        ? { type: 'cancelled' }
        : { type: 'cancelled', reason: end.reason };
    case 'incomplete':
      // Nor has it one for a backend that was lost.
      return end.reason === 'backend_lost'
        ? { type: 'incomplete' }
        : { type: 'incomplete', reason: end.reason };
    case 'failed':
      return {
        type: 'failed',
        error: {
          type: errorTable[end.code].httpStatus >= 500 ? 'server_error' : 'invalid_request_error',
          code: end.code,
          message: end.message,
        },
      };
  }
}

/** Totals need a count of both directions; without any count there is no usage to show. */
function usageOf(usage: Usage | null): ResponseUsage | null {
  if (usage === null || Object.values(usage).every((count) => count === null)) return null;
  const inputTokens = (usage.inputTextTokens ?? 0) + (usage.inputAudioTokens ?? 0);
  const outputTokens = (usage.outputTextTokens ?? 0) + (usage.outputAudioTokens ?? 0);
  return {
    total_tokens: inputTokens + outputTokens,
    input_tokens: inputTokens,
    output_tokens: outputTokens,
    input_token_details: {
      ...(usage.inputTextTokens === null ? {} : { text_tokens: usage.inputTextTokens }),
      ...(usage.inputAudioTokens === null ? {} : { audio_tokens: usage.inputAudioTokens }),
      ...(usage.inputCachedTokens === null ? {} : { cached_tokens: usage.inputCachedTokens }),
    },
    output_token_details: {
      ...(usage.outputTextTokens === null ? {} : { text_tokens: usage.outputTextTokens }),
      ...(usage.outputAudioTokens === null ? {} : { audio_tokens: usage.outputAudioTokens }),
    },
  };
}
