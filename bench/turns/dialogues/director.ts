import type { GeneratorParameters } from './parameters.ts';
import type { DialogueScript, Gap, Overlap } from './script.ts';

/** The agent as the caller hears it. */
export interface HeardLine {
  readonly lineId: string;
  /** When its first sample was heard, ms. */
  readonly startedAtMs: number;
  /** Its whole length, were nothing to stop it, ms. */
  readonly lengthMs: number;
  /** How much of it has been heard, ms: stands still while the agent is held. */
  readonly heardMs: number;
}

/** The part of a caller's sound that the director needs to know. */
export interface PlayablePart {
  readonly lengthMs: number;
  readonly gaps: readonly {
    readonly kind: Gap['kind'];
    readonly startMs: number;
    readonly endMs: number;
  }[];
}

/** Which sound of the script is meant. */
export interface PartName {
  readonly exchange: number;
  readonly part: 'turn' | 'overlap';
}

/** What really happened on the caller's side. Times are the call's, ms, exact to the sample. */
export type TruthEvent =
  | {
      readonly type: 'turn';
      readonly exchange: number;
      readonly kind: DialogueScript['exchanges'][number]['turn']['kind'];
      /** Whether it began while the agent was still heard. */
      readonly early: boolean;
      readonly startMs: number;
      readonly endMs: number;
    }
  | {
      readonly type: 'gap';
      readonly exchange: number;
      readonly kind: Gap['kind'];
      readonly startMs: number;
      readonly endMs: number;
    }
  | {
      readonly type: 'overlap';
      readonly exchange: number;
      readonly kind: Exclude<Overlap['kind'], 'none'>;
      readonly lineId: string;
      readonly startMs: number;
      readonly endMs: number;
    }
  /** The caller gave up waiting. */
  | { readonly type: 'noAnswer'; readonly exchange: number; readonly atMs: number };

export interface DirectorOptions {
  readonly script: DialogueScript;
  readonly parameters: GeneratorParameters;
  readonly exchanges?: number;
  readonly partOf: (name: PartName) => PlayablePart;
  /** Says the part no earlier than that; returns when its first sample is, ms. */
  readonly say: (name: PartName, notBeforeMs: number) => number;
}

type State =
  /** The next turn begins at that time; `null`: so long after (before) the agent's end. */
  | { readonly kind: 'pausing'; readonly sinceMs: number; readonly untilMs: number | null }
  | { readonly kind: 'turn'; readonly endMs: number }
  | { readonly kind: 'waiting'; readonly sinceMs: number }
  | { readonly kind: 'listening'; readonly lineId: string; readonly overlapAtMs: number | null }
  | { readonly kind: 'overlap'; readonly lineId: string; readonly endMs: number }
  /** After an interruption: until the interrupted line is over and another one was heard out. */
  | { readonly kind: 'insisting'; readonly lineId: string; readonly sinceMs: number }
  | { readonly kind: 'reply'; readonly lineId: string }
  | { readonly kind: 'over'; readonly atMs: number };

/** How long the caller waits for an answer before going on, ms. */
const patienceMs = 6_000;
/** How long it listens to what nobody asked for, ms: longer than any line. */
const longestUnaskedMs = 12_000;
/** Shortest time between two things a caller says, ms. */
const breathMs = 500;
/** A caller whose agent was cut goes on after so long, ms. */
const afterCutMs = 600;

/**
 * Plays the caller's side of a script against an agent that does what it does: speaks, waits for the
 * answer, does what is planned over it, and goes on when the agent has finished or given up. Records
 * the truth. Stepped with the time and what is heard; it holds no timer.
 */
export class Director {
  readonly truth: TruthEvent[] = [];
  readonly #options: DirectorOptions;
  readonly #count: number;
  #exchange = 0;
  /** Exchange whose turn was said last, when it began, and whether its overlap was said too. */
  #saidExchange = 0;
  #turnStartMs = 0;
  #overlapSaid = false;
  #saidUntilMs = 0;
  #overAtMs = 0;
  /** What was heard of the line that is listened to. */
  #briefLine: { readonly lineId: string; readonly heardMs: number } | null = null;
  #lastLine: HeardLine | null = null;
  #state: State;

  constructor(options: DirectorOptions) {
    this.#options = options;
    const { script, parameters } = options;
    this.#count = Math.min(options.exchanges ?? Infinity, script.exchanges.length);
    this.#state = { kind: 'pausing', sinceMs: 0, untilMs: parameters.nextTurnAfterMs };
  }

  /** When the dialogue was over; `null` while it goes on. */
  get overAtMs(): number | null {
    return this.#state.kind === 'over' ? this.#state.atMs : null;
  }

  /** What an agent that understands everything would say now. */
  get asked(): { readonly exchange: number; readonly part: 'answer' | 'reply' } {
    const { kind } = this.#state;
    const insists = kind === 'insisting' || kind === 'reply';
    return { exchange: this.#saidExchange, part: insists ? 'reply' : 'answer' };
  }

  /** @param line what is being heard, or held, and is not over; `null`: the agent is silent */
  step(nowMs: number, line: HeardLine | null): void {
    if (this.#lastLine !== null && line?.lineId !== this.#lastLine.lineId) this.#overAtMs = nowMs;
    this.#lastLine = line;
    this.#state = this.#next(this.#state, nowMs, line);
  }

  #next(state: State, nowMs: number, line: HeardLine | null): State {
    switch (state.kind) {
      case 'pausing':
        return this.#pausing(state, nowMs, line);
      case 'turn':
        return nowMs < state.endMs ? state : { kind: 'waiting', sinceMs: state.endMs };
      case 'waiting':
        // The line that an early answer fell into is not the answer to it.
        if (line !== null && line.startedAtMs < this.#turnStartMs) {
          return { ...state, sinceMs: nowMs };
        }
        if (line !== null) return this.#listenTo(line, nowMs);
        return nowMs - state.sinceMs < patienceMs ? state : this.#giveUp(nowMs);
      case 'listening':
        return this.#listening(state, nowMs, line);
      case 'overlap':
        if (nowMs < state.endMs) return state;
        return this.#overlapKind() === 'interruption'
          ? { kind: 'insisting', lineId: state.lineId, sinceMs: state.endMs }
          : { kind: 'listening', lineId: state.lineId, overlapAtMs: null };
      case 'insisting':
        if (line !== null && line.lineId !== state.lineId) {
          return { kind: 'reply', lineId: line.lineId };
        }
        // An agent that talks on has not noticed: the caller hears it out.
        if (line !== null) return { ...state, sinceMs: nowMs };
        return nowMs - state.sinceMs < patienceMs ? state : this.#giveUp(nowMs);
      case 'reply':
        if (line?.lineId === state.lineId) return state;
        return this.#goOn(nowMs, nowMs + this.#usualPauseMs());
      case 'over':
        return state;
    }
  }

  #pausing(state: State & { kind: 'pausing' }, nowMs: number, line: HeardLine | null): State {
    const { turn } = this.#options.script.exchanges[this.#exchange]!;
    if (state.untilMs !== null) {
      // The agent says something that nobody asked for: the caller lets it finish, within reason.
      if (line !== null && nowMs - state.sinceMs < longestUnaskedMs) {
        return { ...state, untilMs: Math.max(state.untilMs, nowMs + afterCutMs) };
      }
      return nowMs >= state.untilMs ? this.#sayTurn(nowMs, line) : state;
    }
    // An early answer: the line runs, and the caller knows how it will end.
    if (line === null) return this.#sayTurn(Math.max(nowMs, this.#overAtMs + afterCutMs), line);
    const leftMs = line.lengthMs - line.heardMs;
    return leftMs <= -turn.afterAgentMs ? this.#sayTurn(nowMs, line) : state;
  }

  #sayTurn(notBeforeMs: number, line: HeardLine | null): State {
    const { script, partOf, say } = this.#options;
    const exchange = this.#exchange;
    const name = { exchange, part: 'turn' } as const;
    const startMs = say(name, Math.max(notBeforeMs, this.#saidUntilMs + breathMs));
    const { lengthMs, gaps } = partOf(name);
    const endMs = startMs + lengthMs;
    this.#saidUntilMs = endMs;
    this.#turnStartMs = startMs;
    this.#saidExchange = exchange;
    this.#overlapSaid = false;
    const { kind } = script.exchanges[exchange]!.turn;
    this.truth.push({ type: 'turn', exchange, kind, early: line !== null, startMs, endMs });
    for (const gap of gaps) {
      this.truth.push({
        type: 'gap',
        exchange,
        kind: gap.kind,
        startMs: startMs + gap.startMs,
        endMs: startMs + gap.endMs,
      });
    }
    return { kind: 'turn', endMs };
  }

  #listenTo(line: HeardLine, nowMs: number): State {
    const overlap = this.#overlap();
    const { lineId } = line;
    if (overlap.kind === 'none' || this.#overlapSaid) {
      return { kind: 'listening', lineId, overlapAtMs: null };
    }
    const { parameters } = this.#options;
    const earliestMs = parameters.overlapAfterMs;
    const beforeEndMs =
      overlap.kind === 'interruption'
        ? parameters.interruptionBeforeEndMs
        : parameters.backchannelBeforeEndMs;
    const latestMs = line.lengthMs - beforeEndMs;
    // A line too short for what was planned passes without it.
    if (latestMs < earliestMs) return { kind: 'listening', lineId, overlapAtMs: null };
    const atMs = line.startedAtMs + earliestMs + overlap.place * (latestMs - earliestMs);
    return { kind: 'listening', lineId, overlapAtMs: Math.max(atMs, nowMs + breathMs) };
  }

  #listening(state: State & { kind: 'listening' }, nowMs: number, line: HeardLine | null): State {
    if (line === null) {
      // An answer that was taken back before it said much: the real one follows.
      return this.#lineWasBrief(state.lineId)
        ? { kind: 'waiting', sinceMs: nowMs }
        : this.#goOn(nowMs, nowMs + this.#usualPauseMs());
    }
    if (line.lineId !== state.lineId) return this.#listenTo(line, nowMs);
    this.#briefLine = { lineId: line.lineId, heardMs: line.heardMs };
    if (state.overlapAtMs !== null && nowMs >= state.overlapAtMs)
      return this.#sayOverlap(nowMs, line);
    if (state.overlapAtMs === null && this.#nextIsEarly()) return this.#goOn(nowMs, null);
    return state;
  }

  #lineWasBrief(lineId: string): boolean {
    return this.#briefLine?.lineId !== lineId || this.#briefLine.heardMs < breathMs;
  }

  #sayOverlap(nowMs: number, { lineId }: HeardLine): State {
    const { partOf, say } = this.#options;
    const kind = this.#overlapKind();
    if (kind === 'none') return { kind: 'listening', lineId, overlapAtMs: null };
    const name = { exchange: this.#exchange, part: 'overlap' } as const;
    const startMs = say(name, Math.max(nowMs, this.#saidUntilMs + breathMs));
    const endMs = startMs + partOf(name).lengthMs;
    this.#saidUntilMs = endMs;
    this.#overlapSaid = true;
    this.truth.push({ type: 'overlap', exchange: this.#exchange, kind, lineId, startMs, endMs });
    return { kind: 'overlap', lineId, endMs };
  }

  #giveUp(nowMs: number): State {
    this.truth.push({ type: 'noAnswer', exchange: this.#exchange, atMs: nowMs });
    return this.#goOn(nowMs, nowMs);
  }

  /** To the next exchange, at `untilMs` or, for an early answer, before the line's end. */
  #goOn(nowMs: number, untilMs: number | null): State {
    if (this.#exchange + 1 >= this.#count) {
      return { kind: 'over', atMs: nowMs + this.#options.parameters.nextTurnAfterMs };
    }
    this.#exchange += 1;
    return { kind: 'pausing', sinceMs: nowMs, untilMs };
  }

  #usualPauseMs(): number {
    const next = this.#options.script.exchanges[this.#exchange + 1];
    const afterMs = next?.turn.afterAgentMs ?? 0;
    return afterMs > 0 ? afterMs : afterCutMs;
  }

  #nextIsEarly(): boolean {
    if (this.#exchange + 1 >= this.#count) return false;
    return this.#options.script.exchanges[this.#exchange + 1]!.turn.afterAgentMs < 0;
  }

  #overlap(): Overlap {
    return this.#options.script.exchanges[this.#exchange]!.agent.overlap;
  }

  #overlapKind(): Overlap['kind'] {
    return this.#overlap().kind;
  }
}
