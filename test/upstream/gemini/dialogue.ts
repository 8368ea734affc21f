import { drawDelayMs, type Random } from '../../../adapters/backends/rehearsal/chance.ts';
import type { Timer } from '../../../src/time/clock.ts';
import { shortened, speechOf } from './answer-speech.ts';
import { numbersIn, type CallerTurn } from './caller-ear.ts';
import type { ClientContent, ContextUpdate, FunctionResponse } from './client-messages.ts';
import { Closing, invalidArgument } from './closing.ts';
import {
  answersIn,
  seededTurns,
  tellsOf,
  turn,
  type History,
  type RememberedTurn,
} from './history.ts';
import type {
  FaultPlace,
  Habit,
  ScriptedAnswer,
  ScriptedCall,
  StandInSettings,
} from './options.ts';
import { updatedContext, type SessionContext, type SessionSetup } from './session-setup.ts';
import type { Timers } from './timers.ts';
import { ToolDesk } from './tool-desk.ts';
import { answerBy } from './say-rule.ts';
import { usageOf } from './usage.ts';
import { audioTurn, Utterance } from './utterance.ts';

/** Transcripts that come after a turn follow it by this, ms. */
const lateByMs = 200;

export interface DialogueHost {
  readonly settings: StandInSettings;
  readonly timers: Timers;
  readonly random: Random;
  readonly send: (message: Readonly<Record<string, unknown>>) => void;
  /** Does what is to go wrong here. @returns whether nothing else goes on */
  readonly wrong: (place: FaultPlace) => boolean;
  readonly has: (habit: Habit) => boolean;
  readonly callerActive: () => boolean;
  /** The conversation can be taken up from here, or cannot. */
  readonly onResumable: (resumable: boolean) => void;
  /** A delay until the first audio was drawn, ms. */
  readonly onDelay: (delayMs: number) => void;
  readonly onOddity: (what: string) => void;
  /** Told of every call of a function, to make its id. */
  readonly newCallId: () => string;
}

/** The conversation of one connection: the model's turns, and what interrupts them. */
export class Dialogue {
  readonly #setup: SessionSetup;
  readonly #host: DialogueHost;
  readonly #tools: ToolDesk;
  readonly #history: RememberedTurn[];
  #context: SessionContext;
  #utterance: Utterance | null = null;
  /** Waits to answer without audio, or for what was said to be played. */
  #waiting: Timer | null = null;
  /** When a listener would be through with all that was sent. */
  #playedAtMs = -Infinity;
  #queued = false;
  /** A part of the running answer is in the history. */
  #answering = false;
  #seeding: boolean;
  #lateWords: (() => void)[] = [];

  constructor(setup: SessionSetup, context: SessionContext, history: History, host: DialogueHost) {
    this.#setup = setup;
    this.#context = context;
    this.#history = [...history];
    this.#host = host;
    this.#seeding = setup.initialHistory;
    this.#tools = new ToolDesk(host.onOddity);
  }

  get history(): History {
    return this.#history;
  }

  get context(): SessionContext {
    return this.#context;
  }

  /** Real-time input begins. @throws Closing where the history before it is not as it must be */
  beginLive(): void {
    if (this.#seeding) throw new Closing(1007, invalidArgument);
    this.#checkSeed();
  }

  /** The caller began to speak. */
  callerStarted(): void {
    if (this.#setup.activity.interrupts) this.interrupt();
  }

  /** The caller's turn ended. */
  callerEnded(heard: CallerTurn): void {
    const { callerText } = this.#host.settings;
    const text = callerText === 'counted' ? numbersIn(heard) : callerText;
    const audioMs = (heard.samples.length * 1000) / heard.rateHz;
    this.#history.push(turn('user', { text, audioMs }));
    if (this.#setup.transcribesInput) this.#transcribeCaller(text);
    this.#ask();
  }

  /** The caller typed. */
  text(text: string): void {
    this.interrupt();
    this.#history.push(turn('user', { text }));
    this.#ask();
  }

  /** @throws Closing where the model does not take it, or not now */
  clientContent({ turns = [], turnComplete = false }: ClientContent): void {
    const added = seededTurns(turns);
    if (this.#seeding) {
      this.#history.push(...added);
      if (!turnComplete) return;
      this.#seeding = false;
      this.#host.onResumable(true);
      return;
    }
    if (this.#setup.family.clientContent === 'seed') throw new Closing(1007, invalidArgument);
    // Any message of this kind interrupts, as the vendor says of it.
    this.interrupt();
    this.#history.push(...added);
    if (!turnComplete) {
      this.#host.onResumable(this.#tools.waiting === 0);
      return;
    }
    this.#checkSeed();
    this.#ask();
  }

  /** @throws Closing where it is no response to a call that was made */
  toolResponse(responses: readonly FunctionResponse[]): void {
    if (this.#host.wrong({ at: 'toolResponse' })) return;
    const news = this.#tools.take(responses);
    if (news.responses.length === 0) return;
    this.#history.push(turn('user', { responses: news.responses }));
    if (news.schedule === 'INTERRUPT') this.interrupt();
    if (news.unblocked || news.schedule !== null) this.#ask();
    else if (!this.#busy && this.#tools.waiting === 0) this.#host.onResumable(true);
  }

  /** @throws Closing where the model does not take it */
  contextUpdate(update: ContextUpdate): void {
    const { family } = this.#setup;
    if (!family.contextUpdate) throw new Closing(1007, invalidArgument);
    this.#context = updatedContext(this.#context, update, family);
  }

  /** Stops whatever the model does now. */
  interrupt(): void {
    if (!this.#busy) return;
    const utterance = this.#utterance;
    const stale = utterance?.stalePiece();
    this.#stop();
    this.#rememberSpeech(utterance, true);
    const ids = this.#tools.cancelBlocking();
    if (ids.length > 0) this.#host.send({ toolCallCancellation: { ids } });
    const withAudio = stale !== undefined && this.#host.has('audio_with_interrupted');
    this.#sendContent({ interrupted: true, ...(withAudio ? { modelTurn: audioTurn(stale) } : {}) });
    this.#sendTurnComplete(utterance, this.#host.has('no_turn_complete_after_interrupted'));
    this.#host.onResumable(this.#tools.waiting === 0);
  }

  get #busy(): boolean {
    return this.#utterance !== null || this.#waiting !== null || this.#tools.blocked;
  }

  #checkSeed(): void {
    const last = this.#history.at(-1);
    const { seedEndsWithUser } = this.#setup.family;
    if (!seedEndsWithUser || this.#setup.initialHistory) return;
    if (last?.seeded === true && last.role === 'model') throw new Closing(1007, invalidArgument);
  }

  /** The model answers, now or when it can. */
  #ask(): void {
    if (this.#busy || this.#host.callerActive()) {
      this.#queued = true;
      return;
    }
    this.#queued = false;
    this.#answering = false;
    if (this.#host.wrong({ at: 'turn' })) return;
    this.#host.onResumable(false);
    const { settings, timers } = this.#host;
    const answer = this.#nextAnswer();
    const delayMs = drawDelayMs(settings.firstAudioMs, this.#host.random);
    this.#host.onDelay(delayMs);
    if ('count' in answer || 'numbers' in answer || ('text' in answer && !('tools' in answer))) {
      this.#speak(answer, delayMs, []);
      return;
    }
    if ('tools' in answer && answer.text !== undefined && this.#blocks(answer.tools)) {
      this.#speak({ text: answer.text }, delayMs, answer.tools);
      return;
    }
    this.#waiting = timers.after(delayMs, () => {
      this.#waiting = null;
      if ('rule' in answer) throw new TypeError('a rule of rules');
      if ('refuse' in answer) this.#complete(null, { turnCompleteReason: answer.refuse });
      else this.#call(answer.tools, answer.text);
    });
  }

  #nextAnswer(): ScriptedAnswer {
    const { answers } = this.#host.settings;
    const place = answersIn(this.#history);
    const scripted = answers[place % answers.length];
    const impossible: ScriptedAnswer = { text: 'I cannot do that.' };
    if (scripted === undefined) return impossible;
    if ('rule' in scripted) return answerBy(scripted.rule, this.#history);
    if (!('tools' in scripted)) return scripted;
    // Who is told in words what a function has brought does not call it again.
    const isKnown = scripted.tools.every(({ name }) => tellsOf(this.#history, name));
    if (isKnown) return answers[(place + 1) % answers.length] ?? impossible;
    const functions = this.#context.functions;
    return scripted.tools.every(({ name }) => functions.has(name)) ? scripted : impossible;
  }

  #blocks(calls: readonly ScriptedCall[]): boolean {
    return calls.some(({ name }) => this.#context.functions.get(name) === 'BLOCKING');
  }

  #speak(answer: ScriptedAnswer, firstAudioMs: number, then: readonly ScriptedCall[]): void {
    const { settings, timers, has, wrong } = this.#host;
    const { maxOutputTokens } = this.#setup;
    const whole = speechOf(answer, this.#history);
    const combined = has('combined') && then.length === 0;
    const utterance = new Utterance(
      {
        speech: maxOutputTokens === null ? whole : shortened(whole, maxOutputTokens),
        firstAudioMs,
        playsFromMs: this.#playedAtMs,
        pieceMs: has('trickle') ? 20 : settings.pieceMs,
        realTimeFactor: has('trickle') ? 0.5 : settings.realTimeFactor,
        burst: has('burst'),
        combined,
      },
      {
        timers,
        sendContent: (content) => this.#sendContent(content),
        onWord: (word, last) => this.#transcribeModel(word, last),
        onAudio: (afterMs) => !wrong({ at: 'audio', afterMs }),
        onSpoken: () => {
          this.#rememberSpeech(utterance, false);
          this.#utterance = null;
          this.#playedAtMs = utterance.playedAtMs;
          if (then.length > 0) this.#call(then, undefined);
          else this.#generated(utterance, combined);
        },
      },
    );
    this.#utterance = utterance;
  }

  #call(calls: readonly ScriptedCall[], text: string | undefined): void {
    const functionCalls = calls.map(({ name, args }) => ({
      id: this.#host.newCallId(),
      name,
      args,
    }));
    this.#history.push(turn('model', { calls: functionCalls, continues: this.#answering }));
    this.#answering = true;
    for (const call of functionCalls) {
      this.#tools.open(call, this.#context.functions.get(call.name) === 'BLOCKING');
    }
    const message = { toolCall: { functionCalls } };
    this.#host.send(message);
    if (this.#host.has('duplicate_tool_calls')) this.#host.send(message);
    if (this.#host.wrong({ at: 'tool' }) || this.#tools.blocked) return;
    if (text === undefined) this.#generated(null, false);
    else this.#speak({ text }, 0, []);
  }

  /** Nothing more comes; the turn is over when a listener has heard it. */
  #generated(utterance: Utterance | null, told: boolean): void {
    const { timers, wrong, onResumable } = this.#host;
    if (!told) this.#sendContent({ generationComplete: true });
    if (this.#tools.waiting === 0) onResumable(true);
    if (wrong({ at: 'playback' })) return;
    this.#waiting = timers.at(Math.max(this.#playedAtMs, timers.clock.nowMs()), () => {
      this.#waiting = null;
      this.#complete(utterance, {});
    });
  }

  #complete(utterance: Utterance | null, more: Readonly<Record<string, unknown>>): void {
    this.#sendTurnComplete(utterance, false, more);
    if ('turnCompleteReason' in more) this.#host.onResumable(this.#tools.waiting === 0);
    if (this.#queued) this.#ask();
  }

  #sendTurnComplete(
    utterance: Utterance | null,
    withheld: boolean,
    more: Readonly<Record<string, unknown>> = {},
  ): void {
    const spoken = { audioMs: utterance?.sentMs ?? 0, text: utterance?.said ?? '' };
    if (!withheld && !this.#host.has('no_turn_complete')) {
      const interactionStatus = this.#tools.waiting > 0 ? 'IN_PROGRESS' : 'IDLE';
      this.#host.send({
        serverContent: { ...more, turnComplete: true, interactionStatus },
        usageMetadata: usageOf(this.#history, this.#context.instructions, spoken),
      });
    }
    const late = this.#lateWords;
    this.#lateWords = [];
    this.#host.timers.after(lateByMs, () => {
      for (const say of late) say();
    });
  }

  #stop(): void {
    this.#utterance?.stop();
    this.#utterance = null;
    this.#waiting?.cancel();
    this.#waiting = null;
    this.#playedAtMs = -Infinity;
  }

  #rememberSpeech(utterance: Utterance | null, interrupted: boolean): void {
    if (utterance === null || utterance.sentMs === 0) return;
    const { said, sentMs } = utterance;
    const continues = this.#answering;
    this.#answering = true;
    this.#history.push(turn('model', { text: said, audioMs: sentMs, interrupted, continues }));
  }

  #transcribeModel(text: string, last: boolean): void {
    if (!this.#setup.transcribesOutput) return;
    this.#transcribe(this.#host.settings.transcriptLagMs, {
      outputTranscription: { text, ...(last ? { finished: true } : {}) },
    });
  }

  #transcribeCaller(text: string): void {
    const words = text.split(/(?<=\s)/);
    const half = Math.ceil(words.length / 2);
    const lagMs = this.#host.settings.transcriptLagMs;
    this.#transcribe(lagMs, { inputTranscription: { text: words.slice(0, half).join('') } });
    this.#transcribe(2 * lagMs, {
      inputTranscription: { text: words.slice(half).join(''), finished: true },
    });
  }

  #transcribe(lagMs: number, content: Readonly<Record<string, unknown>>): void {
    const say = (): void => this.#sendContent(content);
    if (this.#host.has('late_transcripts')) this.#lateWords.push(say);
    else this.#host.timers.after(lagMs, say);
  }

  #sendContent(content: Readonly<Record<string, unknown>>): void {
    this.#host.send({ serverContent: content });
  }
}
