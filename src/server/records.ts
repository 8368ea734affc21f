import { AnsweredTurn } from '../call/answered-turn.ts';
import { UsageFold } from '../spend/usage-fold.ts';
import { StageClock } from '../call/stage-clock.ts';
import type { LogEntry } from '../ports/events.ts';
import type { TurnStages } from '../ports/stages.ts';
import { toolAnswered, toolAsked } from './tool-records.ts';
import type { CallRecord, TurnRecord } from '../ports/store.ts';

/** What is known of a call without its log. */
export interface RecordHeader {
  readonly callId: string;
  readonly agent: string;
  /** Wall-clock time of the start, ISO 8601. */
  readonly startedAt: string;
  /** Where its recording is going to lie; absent: it is not recorded. */
  readonly out?: string | null;
}

/** Most exchanges, tool calls and handovers kept of a call (a count each); later ones are not. */
const exchangeLimit = 5_000;

interface Exchange {
  userEndMs: number | null;
  firstPacketMs: number | null;
  firstAudioMs: number | null;
  interrupted: boolean;
  /** Words by line, in the order of the lines. */
  readonly heard: Map<string, string>;
  userText: string | null;
  stages: TurnStages | null;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Folds a call's log into what is kept of the call. Entries go in one by one, in order; the record
 * can be read at any time. Lines in the conversation belong to the turn that they answer; answers
 * nobody asked for (idle prompts, greetings) to none.
 */
export class RecordFold {
  readonly #header: RecordHeader;
  readonly #exchanges: Exchange[] = [];
  readonly #byItem = new Map<string, Exchange>();
  readonly #byLine = new Map<string, Exchange>();
  readonly #tools: Mutable<CallRecord['tools'][number]>[] = [];
  readonly #handovers: CallRecord['handovers'][number][] = [];
  #backend = '';
  /** The first failure that no other backend has made up for yet. */
  #failure: (LogEntry & { readonly type: 'backend.failed' }) | null = null;
  #durationMs: number | null = null;
  #outcome: CallRecord['outcome'] = null;
  #disposition: CallRecord['disposition'] = null;
  readonly #answered = new AnsweredTurn();
  readonly #clock = new StageClock();
  readonly #usage = new UsageFold();

  constructor(header: RecordHeader) {
    this.#header = header;
  }

  push(entry: LogEntry): void {
    this.#answered.push(entry);
    const stages = this.#clock.push(entry);
    if (stages !== null) this.#exchangeOf(stages.itemId).stages = stages;
    switch (entry.type) {
      case 'backend.opening':
        if (this.#backend === '') this.#backend = entry.backend;
        break;
      case 'backend.ready':
        this.#backend = entry.backend;
        this.#tookOver(entry);
        break;
      case 'backend.failed':
        this.#failure ??= entry;
        break;
      case 'handover.done':
        this.#handedOver(entry);
        break;
      case 'turn.committed':
        this.#exchangeOf(entry.itemId).userEndMs = entry.speechEndAtMs;
        break;
      case 'caller.transcript':
        if (entry.final) this.#exchangeOf(entry.itemId).userText = entry.text;
        break;
      case 'item.added':
        this.#typed(entry);
        break;
      case 'line.opened':
        this.#opened(entry);
        break;
      case 'line.first_packet': {
        const exchange = this.#byLine.get(entry.lineId);
        if (exchange !== undefined) exchange.firstPacketMs ??= entry.atMs;
        break;
      }
      case 'line.first_audio': {
        const exchange = this.#byLine.get(entry.lineId);
        if (exchange !== undefined) exchange.firstAudioMs ??= entry.atMs;
        break;
      }
      case 'line.closed': {
        const exchange = this.#byLine.get(entry.lineId);
        this.#byLine.delete(entry.lineId);
        if (exchange === undefined) break;
        exchange.heard.set(entry.lineId, entry.extent.heardText);
        if (entry.end.status === 'cancelled' && entry.end.reason === 'turn_detected') {
          exchange.interrupted = true;
        }
        break;
      }
      case 'line.heard':
        // What had been heard when the last sample was given lies a little behind.
        this.#exchanges
          .findLast(({ heard }) => heard.has(entry.lineId))
          ?.heard.set(entry.lineId, entry.extent.heardText);
        break;
      case 'tool.called':
        if (this.#tools.length < exchangeLimit) {
          this.#tools.push(toolAsked(entry));
        }
        break;
      case 'tool.answered':
        toolAnswered(this.#tools, entry);
        break;
      case 'call.action':
        if (entry.action.kind !== 'disposition') break;
        this.#disposition = { value: entry.action.value, note: entry.action.note };
        break;
      case 'usage.counted':
        this.#usage.push(entry);
        break;
      case 'call.closed':
        this.#durationMs = entry.atMs;
        this.#outcome = entry.reason;
        break;
      case 'caller.transcript_lost':
      case 'handover.started':
      case 'call.opened':
      case 'call.configured':
      case 'speech.started':
      case 'speech.stopped':
      case 'speech.dismissed':
      case 'turn.idle':
      case 'input.cleared':
      case 'item.deleted':
      case 'item.truncated':
      case 'line.text':
      case 'line.stage':
      case 'line.first_heard':
      case 'agent.cut':
      case 'agent.ducked':
      case 'agent.held':
      case 'agent.resumed':
      case 'handover.held':
      case 'hedge.started':
      case 'hedge.ended':
      case 'standby.opened':
      case 'standby.closed':
      case 'agent.slow':
      case 'caller.away':
      case 'speech.interrupted':
      case 'speculation.started':
      case 'speculation.ended':
      case 'turn.retracted':
      case 'stale.dropped':
      case 'gate.hit':
      case 'gate.held':
      case 'gate.checked':
      case 'gate.disclosed':
      case 'gate.blind':
      case 'output.cleared':
      case 'playback.acknowledged':
      case 'audio.dropped':
      case 'spend.limit':
      case 'server_tool':
      case 'fault':
        break;
    }
  }

  /** The record so far. @param events the entries to show with it */
  record(events: readonly LogEntry[]): CallRecord {
    return {
      ...this.#header,
      backend: this.#backend,
      durationMs: this.#durationMs,
      turns: this.#exchanges.map(turnOf),
      tools: [...this.#tools],
      handovers: [...this.#handovers],
      usage: this.#usage.usage(),
      spend: this.#usage.spend(),
      out: this.#header.out ?? null,
      outcome: this.#outcome,
      disposition: this.#disposition,
      events,
    };
  }

  #tookOver({ backend: to, atMs }: LogEntry & { readonly type: 'backend.ready' }): void {
    const failure = this.#failure;
    this.#failure = null;
    if (failure === null || this.#handovers.length >= exchangeLimit) return;
    const { backend: from, code: cause } = failure;
    this.#handovers.push({ from, to, cause, gapMs: atMs - failure.atMs });
  }

  /** What the caller noticed of it is known only now. */
  #handedOver({ from, to, cause, gapMs }: LogEntry & { readonly type: 'handover.done' }): void {
    if (this.#handovers.at(-1)?.to === to) this.#handovers.pop();
    if (this.#handovers.length < exchangeLimit) this.#handovers.push({ from, to, cause, gapMs });
  }

  #typed(entry: LogEntry & { readonly type: 'item.added' }): void {
    const { item } = entry;
    if (item.kind !== 'message' || item.role !== 'user') return;
    const texts = item.content.flatMap((part) => (part.type === 'text' ? [part.text] : []));
    if (texts.length === 0) return;
    this.#exchangeOf(item.itemId).userText = texts.join('\n');
  }

  #opened(entry: LogEntry & { readonly type: 'line.opened' }): void {
    const { cause, epoch, lineId } = entry.line;
    if (epoch === null) return;
    const itemId = this.#answered.of(cause);
    if (itemId !== null) this.#byLine.set(lineId, this.#exchangeOf(itemId));
  }

  #exchangeOf(itemId: string): Exchange {
    const known = this.#byItem.get(itemId);
    if (known !== undefined) return known;
    const made: Exchange = {
      userEndMs: null,
      firstPacketMs: null,
      firstAudioMs: null,
      interrupted: false,
      heard: new Map(),
      userText: null,
      stages: null,
    };
    if (this.#exchanges.length < exchangeLimit) {
      this.#exchanges.push(made);
      this.#byItem.set(itemId, made);
    }
    return made;
  }
}

/** The record of a whole log. */
export function recordOf(header: RecordHeader, entries: readonly LogEntry[]): CallRecord {
  const fold = new RecordFold(header);
  for (const entry of entries) fold.push(entry);
  return fold.record(entries);
}

function turnOf({ heard, ...turn }: Exchange): TurnRecord {
  const words = [...heard.values()].filter((text) => text !== '');
  return { ...turn, heardText: words.length === 0 ? null : words.join(' ') };
}
