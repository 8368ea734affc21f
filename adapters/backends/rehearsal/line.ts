import type { BackendEvent, LineOutcome, Usage } from '../../../src/ports/backend.ts';
import type { CallSettings } from '../../../src/ports/settings.ts';
import type { Clock } from '../../../src/time/clock.ts';
import { agentAudioTokens } from './context.ts';
import { LinePlayer } from './line-player.ts';
import {
  audioSteps,
  middleOfWordMs,
  textSteps,
  toolSteps,
  withinTokens,
  type LineStep,
} from './line-steps.ts';
import type { Cue } from './prompter.ts';
import type { SpokenAnswer } from './script.ts';
import type { Speech } from './speech.ts';

/** What a line needs of its session. */
export interface LineHost {
  readonly clock: Clock;
  /** Times real time at which audio goes out now. */
  readonly factor: () => number;
  /** Makes the sound of an answer in a voice. */
  readonly speak: (answer: SpokenAnswer, voice: string) => Speech;
  readonly emit: (event: BackendEvent) => void;
  /** It begins to say this. */
  readonly onSpeech: (line: RehearsalLine, speech: Speech) => void;
  /** It is about to call a tool; gives the call's id. */
  readonly onToolCall: (line: RehearsalLine, cue: Cue & { readonly kind: 'call' }) => string;
  /** It has come this far. */
  readonly onProgress: (line: RehearsalLine) => void;
  /** It has come to where something was told to go wrong. */
  readonly onMark: (line: RehearsalLine) => void;
  /** It came to its end by itself. */
  readonly onEnd: (line: RehearsalLine, outcome: LineOutcome) => void;
}

export interface LineRequest {
  readonly lineId: string;
  readonly outOfBand: boolean;
  readonly cue: Cue;
  /** The call's settings with the request's overrides. */
  readonly settings: CallSettings;
  readonly input: Pick<Usage, 'inputTextTokens' | 'inputAudioTokens'>;
  /**
   * Where it is told to go wrong: ms into its audio, `middle` of its middle word, `null` nowhere.
   */
  readonly mark: number | 'middle' | null;
}

/** One answer on its way out. */
export class RehearsalLine {
  readonly request: LineRequest;
  readonly #host: LineHost;
  readonly #player: LinePlayer;
  #audioMs = 0;
  #words = 0;
  /** When it was asked for and when its delay is over, on the host's clock. */
  #askedAtMs = 0;
  #dueAtMs = 0;
  #complete = true;

  constructor(request: LineRequest, host: LineHost) {
    this.request = request;
    this.#host = host;
    this.#player = new LinePlayer({
      clock: host.clock,
      factor: host.factor,
      onStart: () => this.#begin(),
      onStep: (step) => this.#step(step),
      onEnd: () => host.onEnd(this, this.#outcome()),
    });
  }

  /** Audio generated so far, ms. */
  get audioMs(): number {
    return this.#audioMs;
  }

  /** Words generated so far (a count). */
  get words(): number {
    return this.#words;
  }

  /** Tokens so far. */
  get usage(): Usage {
    return {
      ...this.request.input,
      inputCachedTokens: null,
      outputTextTokens: this.#words,
      outputAudioTokens: agentAudioTokens(this.#audioMs),
    };
  }

  start(delayMs: number): void {
    this.#askedAtMs = this.#host.clock.nowMs();
    this.#dueAtMs = this.#askedAtMs + delayMs;
    this.#player.start(delayMs);
  }

  /** Idempotent; nothing is emitted afterwards. */
  stop(): void {
    this.#player.stop();
  }

  #begin(): Iterator<LineStep, void> {
    const { lineId, cue, settings, mark } = this.request;
    this.#host.emit({ type: 'line.started', lineId });
    switch (cue.kind) {
      case 'call': {
        const toolCallId = this.#host.onToolCall(this, cue);
        const called = { type: 'tool.called', lineId, toolCallId, name: cue.name } as const;
        return toolSteps({ ...called, arguments: cue.arguments }, mark !== null);
      }
      case 'say': {
        const whole = this.#host.speak(cue.answer, settings.voice ?? 'rehearsal');
        const fitting = withinTokens(whole, settings.modality, settings.maxOutputTokens);
        const { speech } = fitting;
        this.#complete = fitting.complete;
        this.#host.onSpeech(this, speech);
        this.#tellStages();
        const markMs =
          mark === null ? null : middleOfWordMs(speech, mark === 'middle' ? null : mark);
        return settings.modality === 'audio'
          ? audioSteps(lineId, speech, markMs)
          : textSteps(lineId, speech, markMs);
      }
    }
  }

  /** It knows at once what it is to say; the drawn delay is all the time that it takes. */
  #tellStages(): void {
    const { lineId, settings } = this.request;
    const told = { type: 'line.stage', lineId } as const;
    this.#host.emit({ ...told, stage: 'transcript', clockMs: this.#askedAtMs });
    if (settings.modality === 'text') return;
    this.#host.emit({ ...told, stage: 'first_synthesis', clockMs: this.#dueAtMs });
  }

  #step(step: LineStep): void {
    switch (step.kind) {
      case 'mark':
        this.#host.onMark(this);
        return;
      case 'play':
        this.#audioMs = step.audioMs;
        this.#words = step.words;
        this.#host.onProgress(this);
        for (const event of step.events) this.#host.emit(event);
    }
  }

  #outcome(): LineOutcome {
    return this.#complete
      ? { status: 'completed' }
      : { status: 'incomplete', reason: 'max_output_tokens' };
  }
}
