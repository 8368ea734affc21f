import type { WebSocket } from 'ws';
import {
  clientEventSchemas,
  type ClientEvent,
} from '../../protocol/openai-realtime/client-events.ts';
import type { WireInputItem } from '../../protocol/openai-realtime/items.ts';
import type { ResponseParams } from '../../protocol/openai-realtime/response.ts';
import {
  drawDelayMs,
  seededRandom,
  type Random,
} from '../../adapters/backends/rehearsal/chance.ts';
import type { Timer } from '../../src/time/clock.ts';
import { bytesPerMs, decode, numbersIn, rateOf } from './answer-sound.ts';
import { Conversation, WireError, type RememberedItem } from './conversation.ts';
import type { DelayReport } from './delay-report.ts';
import { GeneratedResponse, type Outgoing, type ResponseRequest } from './generated-response.ts';
import { delayOf, machineMs } from './marker.ts';
import type { FaultPlace, ScriptedAnswer, StandInSettings } from './options.ts';
import type { SayRule } from './said.ts';
import { skins, type DialectSkin } from './dialect-skins.ts';
import { McpDesk } from './mcp-desk.ts';
import { SessionState } from './session-state.ts';
import { SpeechDetector } from './speech-detector.ts';

type Answer = ResponseRequest['answer'];

export interface StandInSessionOptions {
  readonly settings: StandInSettings;
  readonly socket: WebSocket;
  readonly model: string;
  /** Counts the server's sessions from 1. */
  readonly ordinal: number;
  readonly report: DelayReport;
  readonly onClosed: () => void;
}

/** One append carries at most this much audio, bytes. */
const appendLimitBytes = 15 * 1024 * 1024;
const leastCommitMs = 100;
/** After the settings, and after a tool was called, something may go wrong this much later, ms. */
const idleMs = 50;
const toolMs = 20;
/** Of a slow server's audio, times real time. */
const slowFactor = 0.5;

/** One connection's side of the vendor's protocol, its rules kept strictly. */
export class StandInSession {
  readonly state: SessionState;
  readonly conversation = new Conversation();
  /** Every client event as it came, without audio. */
  readonly received: ClientEvent[] = [];
  /** Codes of the errors that it answered with. */
  readonly refused: string[] = [];
  /** Times at which its own detection heard speech begin, on its clock, ms. */
  readonly heardAtMs: number[] = [];
  /** Usage of every response that is done: what the vendor would charge for. */
  readonly metered: Readonly<Record<string, unknown>>[] = [];
  /** Bytes appended so far. */
  appendedBytes = 0;
  /** Numbers heard in each committed turn, where the caller counts. */
  readonly counted: number[][] = [];
  readonly #options: StandInSessionOptions;
  readonly #random: Random;
  readonly #skin: DialectSkin;
  readonly #detector = new SpeechDetector();
  readonly #mcp: McpDesk;
  readonly #running = new Set<GeneratedResponse>();
  readonly #timers = new Set<Timer>();
  #active: GeneratedResponse | null = null;
  #bufferedBytes = 0;
  /** What lies in the input buffer, where the caller counts. */
  #buffered: Buffer[] = [];
  /** Id of the item that the speech in progress will become. */
  #speechItemId: string | null = null;
  #answers = 0;
  #ids = 0;
  #silent = false;
  #faultDone = false;

  constructor(options: StandInSessionOptions) {
    const { settings, ordinal, socket } = options;
    this.#options = options;
    this.#skin = skins[settings.skin];
    this.#random = seededRandom(settings.seed + ordinal);
    this.#mcp = new McpDesk({
      servers: settings.mcpServers,
      conversation: this.conversation,
      newId: () => this.#newId('item'),
      send: (event) => this.#send(event),
      after: (delayMs, callback) => this.#after(delayMs, callback),
    });
    this.state = new SessionState(`sess_${ordinal}`, options.model);
    socket.on('message', (data: Buffer) => this.#take(data));
    socket.on('close', () => this.#end());
    socket.on('error', () => undefined);
    if (this.#wrong({ at: 'open' })) return;
    for (const event of this.#skin.greeting) this.#send(event);
    this.#send({ type: 'session.created', session: this.#shown() });
    this.#after(settings.sessionCapMs, () => this.#expire());
  }

  /** Responses that run now. */
  get running(): number {
    return this.#running.size;
  }

  /** Ends it from the server's side. */
  close(code: number, reason: string): void {
    this.#options.socket.close(code, reason);
  }

  /** Reads and answers nothing any more, pings neither, as if its machine had stopped. */
  freeze(): void {
    this.#options.socket.pause();
  }

  thaw(): void {
    this.#options.socket.resume();
  }

  #expire(): void {
    const message = 'Your session hit the maximum duration of 60 minutes.';
    this.#sendError({ code: 'session_expired', message, param: null }, null);
    this.close(1001, message);
  }

  #take(data: Buffer): void {
    if (this.#silent) return;
    let raw: unknown;
    try {
      raw = JSON.parse(data.toString('utf8'));
    } catch {
      this.#sendError({ code: 'invalid_json', message: 'Invalid JSON.', param: null }, null);
      return;
    }
    const { type, event_id: id } = raw as { type?: unknown; event_id?: unknown };
    const eventId = typeof id === 'string' ? id : null;
    try {
      if (typeof type !== 'string' || !Object.hasOwn(clientEventSchemas, type)) {
        throw new WireError('invalid_value', `Invalid value: '${String(type)}'.`, 'type');
      }
      const parsed = clientEventSchemas[type as keyof typeof clientEventSchemas].safeParse(
        this.#skin.incoming(raw as Readonly<Record<string, unknown>>),
      );
      if (!parsed.success) {
        const [issue] = parsed.error.issues;
        throw new WireError('invalid_value', issue?.message ?? '', issue?.path.join('.') ?? null);
      }
      this.#execute(parsed.data);
    } catch (thrown) {
      if (!(thrown instanceof WireError)) throw thrown;
      this.#sendError(thrown, eventId);
    }
  }

  #execute(event: ClientEvent): void {
    if (event.type === 'input_audio_buffer.append') {
      this.#append(Buffer.from(event.audio, 'base64'));
      return;
    }
    this.received.push(event);
    switch (event.type) {
      case 'session.update':
        if (this.#wrong({ at: 'configure' })) return;
        this.state.update(event.session);
        this.#send({ type: 'session.updated', session: this.#shown() });
        this.#mcp.list(this.state.tools);
        this.#after(idleMs, () => this.#wrong({ at: 'idle' }));
        return;
      case 'input_audio_buffer.commit':
        this.#commit();
        return;
      case 'input_audio_buffer.clear':
        this.#bufferedBytes = 0;
        this.#buffered = [];
        this.#detector.reset();
        this.#send({ type: 'input_audio_buffer.cleared' });
        return;
      case 'conversation.item.create':
        this.#createItem(event);
        return;
      case 'conversation.item.retrieve': {
        const item = shownItem(this.conversation.get(event.item_id));
        this.#send({ type: 'conversation.item.retrieved', item });
        return;
      }
      case 'conversation.item.truncate': {
        const { item_id, content_index, audio_end_ms } = event;
        this.conversation.truncate(item_id, audio_end_ms);
        this.#send({ type: 'conversation.item.truncated', item_id, content_index, audio_end_ms });
        return;
      }
      case 'conversation.item.delete':
        this.conversation.delete(event.item_id);
        this.#send({ type: 'conversation.item.deleted', item_id: event.item_id });
        return;
      case 'response.create':
        this.#respond(event.response ?? {});
        return;
      case 'response.cancel':
        this.#cancel(event.response_id ?? null);
        return;
      case 'output_audio_buffer.clear':
      case 'parley.playback':
      case 'parley.interrupt':
      case 'parley.mute':
      case 'parley.push_to_talk':
      case 'parley.dtmf':
      case 'parley.echo_cancellation':
        throw new WireError('invalid_value', `Invalid value: '${event.type}'.`, 'type');
    }
  }

  #append(bytes: Buffer): void {
    if (bytes.byteLength > appendLimitBytes) {
      throw new WireError('invalid_value', 'Audio of one append is limited to 15 MiB.', 'audio');
    }
    if (this.#wrong({ at: 'speech' })) return;
    this.appendedBytes += bytes.byteLength;
    this.#bufferedBytes += bytes.byteLength;
    if (this.#options.settings.callerText === 'counted') this.#buffered.push(bytes);
    if (this.#options.settings.steady) {
      const delayMs = delayOf(bytes, machineMs());
      this.#options.report.add(delayMs);
      return;
    }
    const { detection, inputFormat } = this.state;
    if (detection === null) return;
    const noticed = this.#detector.hear(decode(bytes, inputFormat), rateOf(inputFormat), {
      prefixPaddingMs: detection.prefix_padding_ms,
      silenceDurationMs: detection.silence_duration_ms,
    });
    for (const seen of noticed) {
      if (seen.type === 'started') this.#speechStarted(seen.audioStartMs);
      else this.#speechStopped(seen.audioEndMs);
    }
  }

  #speechStarted(audioStartMs: number): void {
    this.#speechItemId = this.#newId('item');
    this.heardAtMs.push(this.#options.settings.clock.nowMs());
    this.#send({
      type: 'input_audio_buffer.speech_started',
      item_id: this.#speechItemId,
      audio_start_ms: audioStartMs,
    });
    if (this.state.detection?.interrupt_response === true) this.#active?.cancel('turn_detected');
  }

  #speechStopped(audioEndMs: number): void {
    this.#send({
      type: 'input_audio_buffer.speech_stopped',
      item_id: this.#speechItemId,
      audio_end_ms: audioEndMs,
    });
    this.#commit();
    if (this.state.detection?.create_response === true && this.#active === null) this.#respond({});
  }

  #commit(): void {
    if (this.#wrong({ at: 'commit' })) return;
    const bufferedMs = this.#bufferedBytes / bytesPerMs(this.state.inputFormat);
    if (bufferedMs < leastCommitMs) {
      throw new WireError(
        'input_audio_buffer_commit_empty',
        'Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, ' +
          `but buffer only has ${bufferedMs.toFixed(2)}ms of audio.`,
      );
    }
    this.#bufferedBytes = 0;
    if (this.#options.settings.callerText === 'counted') {
      this.counted.push(numbersIn(Buffer.concat(this.#buffered), this.state.inputFormat));
    }
    this.#buffered = [];
    const item: RememberedItem = {
      ...emptyItem(this.#speechItemId ?? this.#newId('item')),
      role: 'user',
      audioMs: bufferedMs,
      text: this.#options.settings.answers.some((answer) => 'rule' in answer)
        ? (this.counted.at(-1) ?? []).join(' ')
        : '',
    };
    this.#speechItemId = null;
    const previous = this.conversation.add(item);
    this.#send({
      type: 'input_audio_buffer.committed',
      item_id: item.id,
      previous_item_id: previous,
    });
    this.#announce(item, previous);
    if (this.state.transcription !== null) this.#transcribe(item);
  }

  #transcribe(item: RememberedItem): void {
    const { callerText: scripted } = this.#options.settings;
    const callerText = scripted === 'counted' ? (this.counted.at(-1) ?? []).join(' ') : scripted;
    const type = 'conversation.item.input_audio_transcription';
    const ids = { item_id: item.id, content_index: 0 };
    const half = Math.ceil(callerText.length / 2);
    for (const [place, delta] of [callerText.slice(0, half), callerText.slice(half)].entries()) {
      this.#after(40 * (place + 1), () => this.#send({ type: `${type}.delta`, ...ids, delta }));
    }
    this.#after(120, () => {
      item.text = callerText;
      const usage = { type: 'duration', seconds: (item.audioMs ?? 0) / 1000 };
      this.#send({ type: `${type}.completed`, ...ids, transcript: callerText, usage });
    });
  }

  #createItem({
    item,
    previous_item_id: after,
  }: ClientEvent & { type: 'conversation.item.create' }): void {
    if (item.type === 'mcp_approval_response') {
      this.#mcp.approve(item);
      return;
    }
    const remembered = rememberedItem(item, () => this.#newId('item'));
    const previous = this.conversation.add(remembered, after);
    this.#announce(remembered, previous);
  }

  #announce(item: RememberedItem, previous: string | null): void {
    const event = { item: shownItem(item), previous_item_id: previous };
    this.#send({ type: 'conversation.item.added', ...event });
    this.#send({ type: 'conversation.item.done', ...event });
  }

  #respond(params: ResponseParams): void {
    const outOfBand = params.conversation === 'none';
    if (!outOfBand && this.#active !== null) {
      throw new WireError(
        'conversation_already_has_active_response',
        'Conversation already has an active response in progress: ' +
          `${this.#active.request.responseId}. Wait until the response is finished before ` +
          'creating a new one.',
      );
    }
    for (const item of params.input ?? []) {
      if (item.type === 'item_reference') this.conversation.get(item.id);
    }
    if (this.#wrong({ at: 'create' })) return;
    const { settings } = this.#options;
    const { fault } = settings;
    const [modality] = params.output_modalities ?? [];
    const voice = params.audio?.output?.voice;
    const scripted = settings.answers[this.#answers % settings.answers.length];
    if (!outOfBand) this.#answers += 1;
    const response = new GeneratedResponse(
      {
        responseId: this.#newId('resp'),
        outOfBand,
        modality: modality ?? this.state.modality,
        format: params.audio?.output?.format?.type ?? this.state.outputFormat,
        voice: (typeof voice === 'string' ? voice : voice?.id) ?? this.state.voice,
        maxOutputTokens: params.max_output_tokens ?? this.state.maxOutputTokens,
        metadata: params.metadata ?? null,
        answer: settings.steady ? { steady: true } : this.#answerOf(scripted, params),
        firstAudioMs: this.#drawFirstAudioMs(),
        pieceMs: settings.pieceMs,
        realTimeFactor: fault?.kind === 'slow' ? slowFactor : settings.realTimeFactor,
        failure: fault?.kind === 'fail_responses' ? fault : null,
      },
      {
        clock: settings.clock,
        conversation: this.conversation,
        newId: (prefix) => this.#newId(prefix),
        send: (event) => this.#send(event),
        sendText: (text) => this.#write(text),
        onAudio: (audioMs) => {
          this.state.spoke = true;
          return !this.#wrong({ at: 'audio', afterMs: audioMs });
        },
        onDone: (done) => {
          this.#running.delete(done);
          if (this.#active === done) this.#active = null;
          if ('tool' in done.request.answer) this.#after(toolMs, () => this.#wrong({ at: 'tool' }));
        },
      },
    );
    this.#running.add(response);
    if (!outOfBand) this.#active = response;
    response.start();
  }

  #drawFirstAudioMs(): number {
    const { tail, ...usual } = this.#options.settings.firstAudioMs;
    const isTail = tail !== undefined && this.#random() < tail.share;
    return drawDelayMs(isTail ? tail : usual, this.#random);
  }

  #answerOf(scripted: ScriptedAnswer | undefined, params: ResponseParams): Answer {
    const cannot = { text: 'I cannot do that.' };
    if (scripted === undefined) return cannot;
    if ('count' in scripted) return { counted: this.#nextNumbers(scripted.count) };
    if ('rule' in scripted) {
      return this.#answerBy(scripted.rule, params.instructions ?? this.state.instructions);
    }
    if ('text' in scripted) return scripted;
    if (params.tool_choice === 'none') return cannot;
    if ('tool' in scripted) return this.#mayCall(scripted, params) ? scripted : cannot;
    const run = this.#mcp.run(scripted.mcp);
    return run === null ? cannot : { run };
  }

  /** On from the last number that the agent said, as far as this conversation knows. */
  #nextNumbers(count: number): number[] {
    const said = this.conversation.items.filter(({ role }) => role === 'assistant');
    const last = said.flatMap(({ text }) => text.match(/\d+/g) ?? []).at(-1);
    const first = last === undefined ? 1 : Number(last) + 1;
    return Array.from({ length: count }, (_, place) => first + place);
  }

  #answerBy(rule: SayRule, instructions: string): Answer {
    const said = this.conversation.items.map(({ type, role, text, name }) =>
      type === 'message'
        ? { role: role ?? 'assistant', text }
        : ({ role: 'tool', text: name ?? '' } as const),
    );
    const next = rule([{ role: 'system', text: instructions }, ...said]);
    return 'numbers' in next ? { counted: next.numbers } : next;
  }

  #mayCall(answer: object, params: ResponseParams): boolean {
    if (!('tool' in answer)) return true;
    const { name } = answer.tool as { name: string };
    const tools = params.tools ?? this.state.tools;
    return tools.some((tool) => 'name' in tool && tool.name === name);
  }

  #cancel(responseId: string | null): void {
    const response =
      responseId === null
        ? this.#active
        : [...this.#running].find(({ request }) => request.responseId === responseId);
    if (response === null || response === undefined) {
      throw new WireError(
        'response_cancel_not_active',
        'Cancellation failed: no active response found',
      );
    }
    response.cancel('client_cancelled');
  }

  /** Does what was told to go wrong in this place. @returns whether it did, and nothing else goes on */
  #wrong(place: FaultPlace): boolean {
    const { fault } = this.#options.settings;
    if (fault === null || this.#faultDone || !('at' in fault) || fault.at !== place.at)
      return false;
    if (fault.at === 'audio' && (place.at !== 'audio' || place.afterMs < fault.afterMs)) {
      return false;
    }
    this.#faultDone = true;
    switch (fault.kind) {
      case 'close':
        this.close(fault.code, fault.reason);
        break;
      case 'drop':
        this.#options.socket.terminate();
        break;
      case 'stall':
        this.#silent = true;
        for (const response of this.#running) response.stop();
        break;
      case 'send':
        this.#write(fault.text);
        return false;
      case 'error':
        this.#sendError({ code: fault.code, message: fault.message, param: null }, null);
        return false;
    }
    return true;
  }

  #sendError(
    { code, message, param }: { code: string; message: string; param: string | null },
    eventId: string | null,
  ): void {
    this.refused.push(code);
    const error = { type: 'invalid_request_error', code, message, param, event_id: eventId };
    this.#send({ type: 'error', error });
  }

  #send(event: Outgoing): void {
    const { usage } = (event['response'] ?? {}) as { usage?: Readonly<Record<string, unknown>> };
    if (event.type === 'response.done' && usage) this.metered.push(usage);
    for (const { type, ...rest } of this.#skin.outgoing(event)) {
      this.#write(JSON.stringify({ type, event_id: this.#newId('event'), ...rest }));
    }
  }

  #write(text: string): void {
    const { socket } = this.#options;
    if (!this.#silent && socket.readyState === socket.OPEN) socket.send(text);
  }

  #shown(): object {
    const { clock, sessionCapMs } = this.#options.settings;
    return this.state.shown(Math.floor((clock.epochMs() + sessionCapMs) / 1000));
  }

  #newId(prefix: string): string {
    this.#ids += 1;
    return `${prefix}_u${this.#options.ordinal}_${this.#ids}`;
  }

  #after(delayMs: number, callback: () => void): void {
    const { clock } = this.#options.settings;
    const timer = clock.timerAt(clock.nowMs() + delayMs, () => {
      this.#timers.delete(timer);
      callback();
    });
    this.#timers.add(timer);
  }

  #end(): void {
    for (const timer of this.#timers) timer.cancel();
    for (const response of this.#running) response.stop();
    this.#timers.clear();
    this.#running.clear();
    this.#options.onClosed();
  }
}

function emptyItem(id: string): RememberedItem {
  return {
    id,
    type: 'message',
    role: null,
    status: 'completed',
    text: '',
    audioMs: null,
    callId: null,
    name: null,
  };
}

function rememberedItem(item: WireInputItem, newId: () => string): RememberedItem {
  switch (item.type) {
    case 'message': {
      const texts = item.content.map((part) => {
        if ('text' in part && typeof part.text === 'string') return part.text;
        throw new WireError('invalid_value', `Invalid content: '${part.type}'.`, 'item.content');
      });
      return { ...emptyItem(item.id ?? newId()), role: item.role, text: texts.join(' ') };
    }
    case 'function_call':
      return {
        ...emptyItem(item.id ?? newId()),
        type: 'function_call',
        callId: item.call_id,
        name: item.name,
        text: item.arguments,
      };
    case 'function_call_output':
      return {
        ...emptyItem(item.id ?? newId()),
        type: 'function_call_output',
        callId: item.call_id,
        text: item.output,
      };
    case 'item_reference':
    case 'mcp_list_tools':
    case 'mcp_call':
    case 'mcp_approval_request':
    case 'mcp_approval_response':
      throw new WireError('invalid_value', `Invalid item: '${item.type}'.`, 'item.type');
  }
}

function shownItem({
  id,
  type,
  role,
  status,
  text,
  audioMs,
  callId,
  name,
  mcp,
}: RememberedItem): object {
  if (mcp !== undefined) return { id, type, ...mcp };
  const base = { id, object: 'realtime.item', type, status };
  switch (type) {
    case 'function_call':
      return { ...base, call_id: callId, name, arguments: text };
    case 'function_call_output':
      return { ...base, call_id: callId, output: text };
    case 'mcp_list_tools':
    case 'mcp_call':
    case 'mcp_approval_request':
    case 'mcp_approval_response':
      return base;
    case 'message': {
      const part =
        role === 'assistant'
          ? audioMs === null
            ? { type: 'output_text', text }
            : { type: 'output_audio', transcript: text }
          : audioMs === null
            ? { type: 'input_text', text }
            : { type: 'input_audio', transcript: text === '' ? null : text };
      return { ...base, role, content: [part] };
    }
  }
}
