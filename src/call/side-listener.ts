import { AgentWords } from './side-listener-agent.ts';
import { backendFormats } from './backend-formats.ts';
import { takeBackendEvent, type LiveBackendEvent } from './backend-events.ts';
import { Recognition } from './side-listener-recognition.ts';
import type { RecognitionOptions } from './side-listener-vocabulary.ts';
import type { AudioFormat } from '../audio/format.ts';
import type { BackendCapabilities } from '../ports/backend.ts';
import type { CallListener, CallOptions } from './options.ts';
import type { Chunk } from '../audio/chunk.ts';
import type { BesideUse } from './usage-desk.ts';
import type { CommandTarget } from './commands.ts';
import type { LogEntry, LogEvent } from '../ports/events.ts';

interface SideListenerHost {
  /** What it hears works on this, as what a backend says does. */
  readonly target: () => CommandTarget;
  /** What can be expected of it has changed. */
  readonly onHearing: () => void;
}

/** A call's side listener; `null` where its agent has none. */
export function createSideListener(call: CallOptions, host: SideListenerHost): SideListener | null {
  const { listener = null } = call;
  return listener === null ? null : new SideListener(listener, call, host);
}

/** What a backend leaves to it. */
interface Wanted {
  readonly transcripts: boolean;
  readonly partials: boolean;
  readonly turnEvents: boolean;
}

/**
 * Hears the caller beside a backend that tells nothing, or not enough, of what the caller says. The
 * call never depends on it: while it is away there are no captions, and interruptions are judged
 * without words.
 */
export class SideListener {
  readonly #listener: CallListener;
  readonly #call: CallOptions;
  readonly #host: SideListenerHost;
  #recognition: Recognition | null = null;
  #agent: { readonly recognition: Recognition; readonly words: AgentWords } | null = null;
  #wanted: Wanted = { transcripts: false, partials: false, turnEvents: false };
  /** What was made of the capabilities that were asked for last. */
  #made: { own: BackendCapabilities; hearing: boolean; shown: BackendCapabilities } | null = null;
  /** Audio that sessions which are over were given, and have charged for, ms. */
  #before = { audioMs: 0, chargedMs: 0 };
  #closed = false;

  constructor(listener: CallListener, call: CallOptions, host: SideListenerHost) {
    this.#listener = listener;
    this.#call = call;
    this.#host = host;
  }

  /** Whether it hears now. */
  get hearing(): boolean {
    return this.#recognition?.hearing === true;
  }

  /** What it has heard in this call, on both sides. */
  get used(): BesideUse {
    const all = [this.#before, this.#recognition?.counts, this.#agent?.recognition.counts];
    const sum = (of: 'audioMs' | 'chargedMs'): number =>
      all.reduce((total, counts) => total + (counts?.[of] ?? 0), 0);
    const chargedMs = sum('chargedMs');
    const reported = chargedMs > 0;
    return {
      name: `${this.#call.agent.name}.listener`,
      audioMs: reported ? chargedMs : sum('audioMs'),
      reported,
    };
  }

  /** What a backend can do with it beside it. */
  shown(own: BackendCapabilities): BackendCapabilities {
    const { hearing } = this;
    if (this.#made?.own === own && this.#made.hearing === hearing) return this.#made.shown;
    const { partials, turnEvents, wordTimes } = this.#listener.port.capabilities;
    const { transcripts } = own;
    const agent = this.#listener.hearsAgent && !transcripts.agent;
    const shown: BackendCapabilities = {
      ...own,
      transcripts: {
        ...transcripts,
        ...(agent ? { agent, wordTimes } : {}),
        // A promise of the call's settings, which does not come and go.
        caller: true,
        partials: transcripts.partials === true || (hearing && partials),
        turnEvents: transcripts.turnEvents === true || (hearing && turnEvents),
      },
    };
    this.#made = { own, hearing, shown };
    return shown;
  }

  /** A backend is about to be opened: what it does not give is heard here. */
  serve(own: BackendCapabilities): void {
    if (this.#closed) return;
    const { transcripts } = own;
    this.#wanted = {
      transcripts: !transcripts.caller,
      partials: transcripts.partials !== true,
      turnEvents: transcripts.turnEvents !== true,
    };
    const { transcripts: captions, partials } = this.#wanted;
    if (!captions && !partials) this.#leaveCaller();
    else this.#recognition ??= this.#listen();
    this.#leaveAgent();
    if (this.#listener.hearsAgent && !transcripts.agent) this.#listenToAgent(own);
  }

  /** Something that the backend says, on its way to the call. */
  take(event: LiveBackendEvent): void {
    if (this.#agent === null) takeBackendEvent(this.#host.target(), event);
    else this.#agent.words.take(event);
  }

  /** Caller audio, as it came. */
  push({ bytes, codec, rateHz }: Chunk): void {
    this.#recognition?.push(bytes, { codec, rateHz });
  }

  /** What happens in the call ends its stretches. */
  entry(entry: LogEntry): void {
    if (entry.type === 'turn.committed' && entry.cause !== 'idle') {
      this.#recognition?.finish(entry.itemId);
    } else if (isNothing(entry)) {
      this.#recognition?.clear();
    }
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#leaveCaller();
    this.#leaveAgent();
  }

  #listen(): Recognition {
    const recognition = this.#recogniser(this.#host.target().uplink.format, {
      onHearing: this.#host.onHearing,
      onText: (text, final) => {
        if (this.#wanted.partials) this.#emit({ type: 'caller.partial', text, final });
      },
      onMore: (itemId, text) => this.#transcript(itemId, text, false),
      onJudgement: (event, probability) => {
        if (this.#wanted.turnEvents) this.#emit({ type: 'caller.turn', event, probability });
      },
      onFinal: ({ id, text }) => this.#transcript(id, text, true),
      onMissed: (itemId) => {
        if (this.#wanted.transcripts) this.#append({ type: 'caller.transcript_lost', itemId });
      },
    });
    recognition.start();
    return recognition;
  }

  #listenToAgent(own: BackendCapabilities): void {
    const { target } = this.#host;
    const recognition = this.#recogniser(backendFormats(own, target().settings()).outputFormat, {
      onHearing: () => words.hearing(recognition.hearing),
      onText: (text, _, on) => words.overheard(null, { text, words: on }),
      onMore: (lineId, text, on) => words.overheard(lineId, { text, words: on }),
      onJudgement: () => undefined,
      onFinal: (recognised) => words.heard(recognised),
      onMissed: (lineId) => words.missed(lineId),
      onAway: () => words.hearing(false),
    });
    const words = new AgentWords(recognition, own, { target, clock: this.#call.clock });
    this.#agent = { recognition, words };
    recognition.start();
  }

  #recogniser(
    from: AudioFormat,
    handlers: Omit<RecognitionOptions, 'port' | 'context' | 'chance' | 'onLost'> & {
      readonly onAway?: () => void;
    },
  ): Recognition {
    const { callId, clock, log } = this.#call;
    const { port, chance } = this.#listener;
    const onLost: RecognitionOptions['onLost'] = ({ message: reason }) => {
      const message = `The side listener is away: ${reason}`;
      this.#append({ type: 'fault', code: 'listener_failed', message });
      handlers.onAway?.();
    };
    const context = { callId, clock, log, language: null, keyTerms: [] };
    return new Recognition({ port, context, chance, onLost, ...handlers }, from);
  }

  #transcript(itemId: string, text: string, final: boolean): void {
    if (!this.#wanted.transcripts) return;
    this.#emit({ type: 'caller.transcript', itemId, text, final });
  }

  #emit(event: LiveBackendEvent): void {
    if (!this.#closed) takeBackendEvent(this.#host.target(), event);
  }

  #append(event: LogEvent): void {
    if (!this.#closed) this.#host.target().scope.log.append(event);
  }

  #leaveCaller(): void {
    const recognition = this.#recognition;
    this.#recognition = null;
    recognition?.close();
    if (recognition !== null) this.#told('caller', recognition);
  }

  #leaveAgent(): void {
    const agent = this.#agent;
    this.#agent = null;
    agent?.words.close();
    if (agent !== null) this.#told('agent', agent.recognition);
  }

  /** What it cost, beside what it could not do. */
  #told(side: 'caller' | 'agent', { counts }: Recognition): void {
    const { log, callId } = this.#call;
    this.#before = {
      audioMs: this.#before.audioMs + counts.audioMs,
      chargedMs: this.#before.chargedMs + counts.chargedMs,
    };
    this.#listener.onUsed(counts);
    log.info('listener.used', { callId, side, ...counts });
  }
}

/** Whether what was said last was nothing that anybody answers. */
function isNothing({ type }: LogEntry): boolean {
  return type === 'turn.committed' || type === 'speech.dismissed' || type === 'input.cleared';
}
