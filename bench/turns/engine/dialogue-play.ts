import { seedOf } from '../dialogues/draws.ts';
import { recognise, spreadWords } from '../dialogues/transcript.ts';
import { Director, type PartName } from '../dialogues/director.ts';
import type { StandInEndScores } from '../dialogues/end-scores.ts';
import type { GeneratorParameters } from '../dialogues/parameters.ts';
import type { DialogueScript } from '../dialogues/script.ts';
import type { Observation, PlayedDialogue } from '../scoring/observed.ts';
import type { CallerPart, ExchangeSounds } from '../sound/dialogue-sounds.ts';
import { soundRateHz, type Sound } from '../sound/fragment.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { TurnEngine } from '../../../src/turn/engine.ts';
import type { TurnEffect } from '../../../src/turn/vocabulary.ts';
import type { TurnOptions } from '../../../src/turn/options.ts';
import { RecogniserFeed } from './recogniser-feed.ts';
import { silenceAt } from './silence-truth.ts';
import { playablePart } from '../playable-part.ts';
import type { EchoEars } from './echo-ears.ts';
import { SimulatedAgent, type AgentAnswer, type DownlinkListener } from './simulated-agent.ts';

/** Length of a detector frame, ms. */
export const frameMs = 32;
/** Uplink pieces: a frame is there when the piece that completes it is, ms. */
const pieceMs = 20;
/** From a complete frame to its score, ms: a batch and the way to the thread and back. */
const detectorMs = 3;
/** A dialogue that does not end is ended, ms. */
const longestMs = 240_000;

export interface DialoguePlayOptions {
  readonly script: DialogueScript;
  readonly sounds: readonly ExchangeSounds[];
  readonly parameters: GeneratorParameters;
  readonly turns: TurnOptions;
  /** Where the turn options have an end-of-turn model. */
  readonly endScores: StandInEndScores | null;
  /** Says a part of the script: returns the time of its first sample. */
  readonly say: (name: PartName, notBeforeMs: number) => number;
  /** Where the microphone hears the agent and the gateway's guard listens. */
  readonly ears: EchoEars | null;
  readonly exchanges?: number;
}

/**
 * One dialogue against the turn machine on a clock of its own. Whoever owns it moves time frame by
 * frame and brings the detector's scores.
 */
export class DialoguePlay {
  readonly #options: DialoguePlayOptions;
  readonly #clock = new ManualClock();
  readonly #engine: TurnEngine;
  readonly #agent: SimulatedAgent;
  readonly #director: Director;
  readonly #recogniser: RecogniserFeed;
  readonly #observed: Observation[] = [];
  readonly #questions = new Map<number, number>();

  constructor(options: DialoguePlayOptions) {
    this.#options = options;
    const clock = this.#clock;
    const { ears } = options;
    this.#engine = new TurnEngine({ clock, originMs: 0, options: options.turns }, (effect) =>
      this.#run(effect),
    );
    this.#agent = new SimulatedAgent({
      clock,
      answer: () => this.#answer(),
      feed: (input) => this.#engine.feed(input),
      observe: (observation) => this.#observed.push(observation),
      listener: ears === null ? null : this.#listener(ears),
    });
    this.#recogniser = new RecogniserFeed(
      clock,
      (input) => this.#engine.feed(input),
      ears === null ? null : (text) => ears.ownership(text, clock.nowMs()),
    );
    const { script, parameters, exchanges } = options;
    this.#director = new Director({
      script,
      parameters,
      ...(exchanges === undefined ? {} : { exchanges }),
      partOf: (name) => playablePart(this.#part(name)),
      say: (name, notBeforeMs) => this.#say(name, notBeforeMs),
    });
  }

  get over(): boolean {
    const now = this.#clock.nowMs();
    const { overAtMs } = this.#director;
    return now >= longestMs || (overAtMs !== null && now >= overAtMs);
  }

  /** Moves time to the end of the frame. */
  advanceTo(frame: number): void {
    const endMs = (frame + 1) * frameMs;
    while (this.#clock.nowMs() < endMs) {
      // The caller looks up every 20 ms; scores and words come at their own times.
      const nextMs = Math.min(endMs, Math.floor(this.#clock.nowMs() / pieceMs + 1) * pieceMs);
      this.#clock.advance(nextMs - this.#clock.nowMs());
      this.#director.step(nextMs, this.#agent.heard);
    }
  }

  /** Brings a frame's score; the machine gets it when it would have come. */
  deliver(
    frame: number,
    { probability, echo }: { probability: number; echo?: number | null },
  ): void {
    const audioMs = (frame + 1) * frameMs;
    const atMs = Math.ceil(audioMs / pieceMs) * pieceMs + detectorMs;
    const { ears } = this.#options;
    const heard = echo === undefined || ears === null ? {} : { echo, echoPath: ears.path(audioMs) };
    this.#clock.timerAt(atMs, () =>
      this.#engine.feed({ type: 'vad', probability, audioMs, frameMs, ...heard }),
    );
  }

  /** What the caller's loudspeaker played during the frame. */
  played(frame: number): Sound {
    return this.#agent.played(frame * frameMs, (frameMs * soundRateHz) / 1000);
  }

  result(): PlayedDialogue {
    const { script } = this.#options;
    this.#engine.close();
    return {
      index: script.index,
      line: script.line,
      durationMs: this.#clock.nowMs(),
      truth: this.#director.truth,
      observed: this.#observed,
    };
  }

  #part({ exchange, part }: PartName): CallerPart {
    const found = this.#options.sounds[exchange]?.[part] ?? null;
    if (found === null) throw new RangeError(`the script has no ${part} ${exchange}`);
    return found;
  }

  #say(name: PartName, notBeforeMs: number): number {
    const startMs = this.#options.say(name, notBeforeMs);
    if (this.#options.turns.senses.partials) {
      this.#recogniser.said(this.#part(name).recognised, startMs);
    }
    return startMs;
  }

  #listener(ears: EchoEars): DownlinkListener {
    return {
      sent: (sound, playsAtMs) => ears.sent(sound, playsAtMs),
      cut: (atMs) => ears.cut(atMs),
      heardFrom: (answer, lineId, atMs) => this.#agentHeard(answer, lineId, atMs),
    };
  }

  /** A recogniser writes down what comes back loudly enough, unless the caller speaks over it. */
  #agentHeard({ text, sound }: AgentAnswer, lineId: string, atMs: number): void {
    const { script, parameters, ears, turns } = this.#options;
    const { echo } = script.line;
    if (echo === null) return;
    const spoken = spreadWords(text, { startMs: 0, endMs: (sound.length * 1000) / soundRateHz });
    for (const word of spoken) {
      this.#clock.timerAt(atMs + word.startMs, () => {
        if (this.#agent.heard?.lineId === lineId) ears?.said(word.text, atMs + word.startMs);
      });
    }
    const audible = echo.lossDb < parameters.transcript.hearsEchoBelowLossDb;
    if (!audible || !turns.senses.partials) return;
    const seed = seedOf(script.seed, 'echo', lineId);
    const startMs = atMs + echo.delayMs;
    this.#recogniser.said(recognise(spoken, seed, parameters), startMs, (word) => {
      const heard = this.#agent.heard;
      const played = heard?.lineId === lineId && heard.heardMs >= word.endMs;
      return played && !this.#callerSpeaksAt(startMs + word.startMs);
    });
  }

  #callerSpeaksAt(atMs: number): boolean {
    return this.#director.truth.some(
      (event) =>
        (event.type === 'turn' || event.type === 'overlap') &&
        event.startMs <= atMs &&
        atMs <= event.endMs,
    );
  }

  #answer(): AgentAnswer {
    const { exchange, part } = this.#director.asked;
    const { agent } = this.#options.script.exchanges[exchange]!;
    const sounds = this.#options.sounds[exchange]!;
    return part === 'reply'
      ? { text: agent.reply, sound: sounds.reply, delayMs: agent.answerDelayMs }
      : { text: agent.text, sound: sounds.agent, delayMs: agent.answerDelayMs };
  }

  #run(effect: TurnEffect): void {
    const atMs = this.#clock.nowMs();
    if (effect.type === 'commitTurn') this.#observed.push({ type: 'committed', atMs });
    if (effect.type === 'retractTurn') this.#observed.push({ type: 'retracted', atMs });
    if (effect.type === 'queryEndOfTurn') this.#score(effect);
    this.#recogniser.run(effect);
    this.#agent.run(effect);
  }

  #score({ speechEndAudioMs }: TurnEffect & { type: 'queryEndOfTurn' }): void {
    const { endScores, script, parameters } = this.#options;
    if (endScores === null) return;
    const { isEnd, seed } = silenceAt(this.#director.truth, speechEndAudioMs, script.seed);
    const question = this.#questions.get(seed) ?? 0;
    this.#questions.set(seed, question + 1);
    const probability = endScores.score(isEnd, seed, question);
    this.#clock.timerAt(this.#clock.nowMs() + parameters.endScores.delayMs, () =>
      this.#engine.feed({ type: 'eot', probability, speechEndAudioMs }),
    );
  }
}
