import type { ServerItem } from '../../../protocol/openai-realtime/items.ts';
import type {
  ServerEvent,
  ServerEventBody,
} from '../../../protocol/openai-realtime/server-events.ts';
import type { DownlinkAudio } from '../../../src/ports/client.ts';
import type { Line, LogEntry } from '../../../src/ports/events.ts';
import type { CallSettings } from '../../../src/ports/settings.ts';
import type { IdSource } from '../../../src/time/ids.ts';
import { errorEvent } from './errors.ts';
import { messageItem, writeItem } from './items.ts';
import { responseIdOf } from './response-id.ts';
import { writeSession, type SessionIdentity } from './session.ts';
import { TranscriptDeltas } from './transcripts.ts';
import { LineView } from './view-line.ts';
import { ServerToolsView } from './view-mcp.ts';

type Events = readonly ServerEventBody[];

export interface RealtimeViewOptions {
  readonly ids: IdSource;
  /** What `session.model` says. */
  readonly model: string;
  /** Seconds since 1970; `null` where the session does not expire. */
  readonly expiresAt: number | null;
  /** What `session.id` says; an id of its own when absent. */
  readonly sessionId?: string;
}

/** What the view counted over a call's life. */
export interface ViewFigures {
  /** Audio, text or ends of lines that were not open (any more). */
  readonly unplaced: number;
  readonly transcriptsForgotten: number;
}

/**
 * A call as OpenAI's Realtime API shows it: a fold over log entries and downlink audio, given in
 * the order in which they happened. The same input and ids give the same events.
 */
export class RealtimeView {
  readonly #ids: IdSource;
  readonly #identity: Omit<SessionIdentity, 'transcriber'>;
  readonly #conversationId: string;
  readonly #lines = new Map<string, LineView>();
  readonly #transcripts = new TranscriptDeltas();
  readonly #serverTools = new ServerToolsView();
  #settings: CallSettings | null = null;
  #backend: string | null = null;
  #unplaced = 0;

  constructor({ ids, model, expiresAt, sessionId }: RealtimeViewOptions) {
    this.#ids = ids;
    this.#identity = { sessionId: sessionId ?? ids.next('sess'), model, expiresAt };
    this.#conversationId = ids.next('conv');
  }

  /** Name of the backend that answers; the agent's until one is known. */
  get backend(): string {
    return this.#backend ?? this.#identity.model;
  }

  /** The response that holds the conversation's floor, if there is one. */
  get activeResponseId(): string | null {
    for (const line of this.#lines.values()) if (line.inBand) return line.responseId;
    return null;
  }

  get figures(): ViewFigures {
    return {
      unplaced: this.#unplaced,
      transcriptsForgotten: this.#transcripts.forgotten,
    };
  }

  entry(entry: LogEntry): readonly ServerEvent[] {
    return this.#fold(entry).map((body) => this.stamp(body));
  }

  /** An item that is none of the conversation's, but was shown. */
  item(itemId: string): ServerItem | undefined {
    return this.#serverTools.item(itemId);
  }

  /** The bytes are only read. */
  audio(audio: DownlinkAudio): readonly ServerEvent[] {
    const line = this.#lines.get(audio.lineId);
    if (line === undefined) {
      this.#unplaced += 1;
      return [];
    }
    return line.audio(audio.bytes).map((body) => this.stamp(body));
  }

  /** Gives an event that did not come from the log its place in the numbering. */
  stamp(body: ServerEventBody): ServerEvent {
    return { ...body, event_id: this.#ids.next('event') };
  }

  /** `session.updated` for an update that changed nothing in the call. */
  updated(settings: CallSettings): ServerEvent {
    return this.stamp({ type: 'session.updated', session: this.#session(settings) });
  }

  #fold(entry: LogEntry): Events {
    switch (entry.type) {
      case 'call.opened':
        this.#settings = entry.settings;
        return [{ type: 'session.created', session: this.#session(entry.settings) }];
      case 'call.configured':
        this.#settings = entry.settings;
        return [{ type: 'session.updated', session: this.#session(entry.settings) }];
      case 'backend.opening':
      case 'backend.ready':
        this.#backend = entry.backend;
        return [];
      case 'speech.started':
        return [
          {
            type: 'input_audio_buffer.speech_started',
            item_id: entry.itemId,
            audio_start_ms: wholeMs(entry.audioStartMs),
          },
        ];
      case 'speech.stopped':
        return [
          {
            type: 'input_audio_buffer.speech_stopped',
            item_id: entry.itemId,
            audio_end_ms: wholeMs(entry.audioEndMs),
          },
        ];
      case 'turn.committed':
        return this.#committed(entry.itemId, entry.previousItemId);
      case 'turn.idle':
        return [
          {
            type: 'input_audio_buffer.timeout_triggered',
            item_id: entry.itemId,
            audio_start_ms: wholeMs(entry.audioStartMs),
            audio_end_ms: wholeMs(entry.audioEndMs),
          },
        ];
      case 'input.cleared':
        return [{ type: 'input_audio_buffer.cleared' }];
      case 'caller.transcript':
        return this.#transcript(entry);
      case 'caller.transcript_lost':
        return this.#transcriptLost(entry.itemId);
      case 'item.added': {
        const item = writeItem(entry.item);
        return this.#addedAndDone(item, entry.previousItemId);
      }
      case 'item.deleted':
        return [{ type: 'conversation.item.deleted', item_id: entry.itemId }];
      case 'item.truncated':
        return [
          {
            type: 'conversation.item.truncated',
            item_id: entry.itemId,
            content_index: 0,
            audio_end_ms: wholeMs(entry.requestedMs),
          },
        ];
      case 'line.opened':
        return this.#opened(entry.line);
      case 'line.text':
        return this.#inLine(entry.lineId, (line) => line.text(entry.delta));
      case 'tool.called':
        return this.#toolCalled(entry);
      case 'line.closed': {
        const events = this.#inLine(entry.lineId, (line) => line.close(entry.end, entry.usage));
        this.#lines.delete(entry.lineId);
        return events;
      }
      case 'output.cleared':
        return [
          {
            type: 'output_audio_buffer.cleared',
            ...(entry.lineId === null ? {} : { response_id: responseIdOf(entry.lineId) }),
          },
        ];
      case 'server_tool':
        return this.#serverTools.entry(entry, (lineId) => this.#lines.get(lineId));
      case 'call.action':
        return entry.action.kind === 'transfer'
          ? [{ type: 'parley.transfer', target: entry.action.target, reason: entry.action.reason }]
          : [];
      case 'fault':
        return [errorEvent(entry, null)];
      // A failed backend is an error only when nobody takes over, and then the call ends with it.
      case 'backend.failed':
      case 'handover.started':
      case 'handover.held':
      case 'handover.done':
      case 'call.closed':
      case 'speech.dismissed':
      case 'speech.interrupted':
      case 'turn.retracted':
      case 'speculation.started':
      case 'speculation.ended':
      case 'caller.away':
      case 'hedge.started':
      case 'hedge.ended':
      case 'standby.opened':
      case 'standby.closed':
      case 'agent.slow':
      case 'line.stage':
      case 'line.first_packet':
      case 'line.first_audio':
      case 'line.first_heard':
      case 'agent.cut':
      case 'agent.ducked':
      case 'agent.held':
      case 'agent.resumed':
      case 'line.heard':
      case 'stale.dropped':
      case 'tool.answered':
      case 'playback.acknowledged':
      case 'audio.dropped':
      case 'gate.hit':
      case 'gate.held':
      case 'gate.checked':
      case 'gate.disclosed':
      case 'gate.blind':
      case 'usage.counted':
      case 'spend.limit':
        return [];
    }
  }

  #session(settings: CallSettings): ReturnType<typeof writeSession> {
    return writeSession(settings, { ...this.#identity, transcriber: this.backend });
  }

  #committed(itemId: string, previousItemId: string | null): Events {
    const item = messageItem(itemId, 'completed', 'user', [
      { type: 'input_audio', transcript: null },
    ]);
    return [
      { type: 'input_audio_buffer.committed', item_id: itemId, previous_item_id: previousItemId },
      ...this.#addedAndDone(item, previousItemId),
    ];
  }

  #addedAndDone(item: ReturnType<typeof writeItem>, previousItemId: string | null): Events {
    const placed = { previous_item_id: previousItemId, item };
    return [
      { type: 'conversation.item.added', ...placed },
      { type: 'conversation.item.done', ...placed },
    ];
  }

  #transcript(entry: LogEntry & { readonly type: 'caller.transcript' }): Events {
    if (this.#settings?.callerTranscripts !== true) return [];
    const place = { item_id: entry.itemId, content_index: 0 };
    if (entry.final) {
      this.#transcripts.finish(entry.itemId);
      return [
        {
          type: 'conversation.item.input_audio_transcription.completed',
          ...place,
          transcript: entry.text,
        },
      ];
    }
    const delta = this.#transcripts.extend(entry.itemId, entry.text);
    if (delta === null) return [];
    return [{ type: 'conversation.item.input_audio_transcription.delta', ...place, delta }];
  }

  #transcriptLost(itemId: string): Events {
    if (this.#settings?.callerTranscripts !== true) return [];
    this.#transcripts.finish(itemId);
    const message = 'Nobody could write down what was said.';
    return [
      {
        type: 'conversation.item.input_audio_transcription.failed',
        item_id: itemId,
        content_index: 0,
        error: { type: 'server_error', code: 'listener_failed', message },
      },
    ];
  }

  #opened(line: Line): Events {
    if (this.#settings === null) throw new TypeError('a line was opened before the call');
    const view = new LineView(line, {
      settings: this.#settings,
      conversationId: this.#conversationId,
    });
    this.#lines.set(line.lineId, view);
    return view.open();
  }

  #toolCalled(entry: LogEntry & { readonly type: 'tool.called' }): Events {
    const line = this.#lines.get(entry.lineId);
    const { previousItemId } = entry;
    // Those that the backend runs are told as `server_tool`.
    if (entry.runner === 'backend') return [];
    if (entry.runner === 'gateway') {
      // Shown as history only: in a response, the client would take it for its own to run.
      return line?.inBand === false
        ? []
        : this.#addedAndDone(writeItem({ ...entry.item, status: 'completed' }), previousItemId);
    }
    return this.#inLine(entry.lineId, (open) => open.toolCalled(entry.item, previousItemId));
  }

  #inLine(lineId: string, act: (line: LineView) => Events): Events {
    const line = this.#lines.get(lineId);
    if (line === undefined) {
      this.#unplaced += 1;
      return [];
    }
    return act(line);
  }
}

/** The wire counts whole milliseconds. */
function wholeMs(ms: number): number {
  return Math.max(0, Math.round(ms));
}
