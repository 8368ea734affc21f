import { initialTurnState, type FloorState, type TurnState } from '../../src/turn/state.ts';
import { BrokenRule, type Promises } from './promises.ts';
import { quantumMs } from './options.ts';
import { step } from '../../src/turn/machine.ts';
import { watch } from './watch.ts';
import type { TurnEffect, TurnInput } from '../../src/turn/vocabulary.ts';
import type { TurnOptions } from '../../src/turn/options.ts';

/** An agent line, counted in pieces of audio. */
export interface WalkedLine {
  readonly lineId: string;
  readonly generated: number;
  /** Generated and not given to the client yet. */
  readonly waiting: number;
  readonly sent: number;
  readonly played: number;
  /** The backend has said all of it. */
  readonly done: boolean;
  readonly question: boolean;
  /** It is over for the client; what was sent may still play. */
  readonly closed: boolean;
  /** Generation was stopped from here. */
  readonly cancelled: boolean;
}

/** A call reduced to what the turn machine sees and does: caller, downlink and backend by quanta. */
export interface World {
  readonly turn: TurnState;
  readonly wakeAtMs: number | null;
  readonly nowMs: number;
  readonly audioMs: number;
  /** The latest line, until it is heard out or cut. */
  readonly line: WalkedLine | null;
  /** Pieces of lines before it that still play. */
  readonly tail: number;
  /** How the downlink stands: what effects made of it. */
  readonly floor: FloorState;
  readonly lines: number;
  readonly promises: Promises;
}

export const firstWorld: World = {
  turn: initialTurnState,
  wakeAtMs: null,
  nowMs: 0,
  audioMs: 0,
  line: null,
  tail: 0,
  floor: 'full',
  lines: 0,
  promises: { shown: false, speculationId: null, answered: false, takenMs: 0 },
};

/** Runs inputs through the machine and its effects through the downlink, until nothing is left. */
export class Mover {
  world: World;
  readonly options: TurnOptions;
  readonly #queue: TurnInput[] = [];

  constructor(world: World, options: TurnOptions) {
    this.world = world;
    this.options = options;
  }

  /** Takes an input and all that follows from it at this moment. */
  feed(...inputs: readonly TurnInput[]): void {
    this.#queue.push(...inputs);
    for (let input = this.#queue.shift(); input !== undefined; input = this.#queue.shift()) {
      const before = this.world;
      const { state, effects, wakeAtMs } = step(before.turn, input, before.nowMs, this.options);
      this.set({ turn: state, wakeAtMs });
      this.#mayInterrupt(before, input, effects);
      for (const effect of effects) this.#run(effect);
      this.set({
        promises: watch({
          promises: before.promises,
          silent: before.line === null,
          input,
          effects,
          options: this.options,
        }),
      });
      // Where nothing has the floor there is nothing lowered or held.
      if (this.world.turn.agent.kind === 'idle') this.set({ floor: 'full' });
    }
    this.#looksRight();
  }

  /** Lets time pass: audio plays, waits end. */
  pass(byMs: number): void {
    const untilMs = this.world.nowMs + byMs;
    while (this.world.nowMs < untilMs) {
      this.set({ nowMs: this.world.nowMs + quantumMs });
      this.#play();
      this.tick();
    }
  }

  /** All ticks that are due. */
  tick(): void {
    for (let ticks = 0; this.#due(); ticks += 1) {
      if (ticks > 8) throw new BrokenRule('ticks do not end');
      this.feed({ type: 'tick' });
    }
  }

  /** The backend begins a line. */
  open(): void {
    const { line, tail, lines } = this.world;
    const lineId = `line_${lines + 1}`;
    this.set({
      lines: lines + 1,
      tail: tail + (line === null ? 0 : line.sent - line.played),
      line: {
        lineId,
        generated: 0,
        waiting: 0,
        sent: 0,
        played: 0,
        done: false,
        question: false,
        closed: false,
        cancelled: false,
      },
    });
    this.#queue.push({ type: 'line.opened', lineId });
  }

  /** The backend has made some more of the line. */
  generate(pieces: number): void {
    const { line } = this.world;
    if (line === null) return;
    this.set({
      line: { ...line, generated: line.generated + pieces, waiting: line.waiting + pieces },
    });
    this.#give();
  }

  /** The backend has said all. */
  finish(question: boolean): void {
    const { line } = this.world;
    if (line === null) return;
    this.set({ line: { ...line, done: true, question } });
    this.#outlook();
    this.#give();
  }

  /** The line is cut: by an effect, or by the backend itself. */
  silence(): void {
    const { line } = this.world;
    if (line === null) return;
    this.set({ line: null, tail: 0, floor: 'full' });
    if (!line.closed) this.#queue.push({ type: 'line.closed', lineId: line.lineId });
    if (line.sent > 0 || line.closed) this.#heardOut(line);
  }

  /** What effects fed back is taken. */
  settle(): void {
    this.feed();
  }

  set(changes: Partial<World>): void {
    this.world = { ...this.world, ...changes };
  }

  #due(): boolean {
    const { wakeAtMs, nowMs } = this.world;
    return wakeAtMs !== null && wakeAtMs <= nowMs;
  }

  #run(effect: TurnEffect): void {
    const { line } = this.world;
    switch (effect.type) {
      case 'duck':
        this.set({ floor: 'ducked' });
        return;
      case 'hold':
        this.set({ floor: 'held' });
        this.#tellQuiet();
        return;
      case 'resume':
        this.set({ floor: 'full' });
        this.#give();
        return;
      case 'cancelGeneration':
        if (line?.cancelled === true) throw new BrokenRule('a line is cancelled twice');
        if (line !== null) this.set({ line: { ...line, cancelled: true } });
        return;
      case 'flushPlayback':
        this.silence();
        return;
      case 'startResponse':
      case 'say':
        if (line !== null || this.world.tail > 0) {
          throw new BrokenRule('an answer is asked for while another has the floor');
        }
        this.open();
        return;
      case 'event':
      case 'commitTurn':
      case 'commitDigits':
      case 'queryEndOfTurn':
      case 'speculate':
      case 'dropSpeculation':
      case 'truncate':
      case 'retractTurn':
        return;
    }
  }

  /** One quantum of time for the client's player. */
  #play(): void {
    const { line, tail } = this.world;
    if (tail > 0) {
      this.set({ tail: tail - 1 });
      this.#close();
    } else if (line !== null && line.played < line.sent) {
      this.set({ line: { ...line, played: line.played + 1 } });
    }
    this.#give();
    const now = this.world.line;
    if (now?.closed === true && now.played === now.sent && this.world.tail === 0) {
      if (now.played !== now.generated) throw new BrokenRule('a line that was not cut lost audio');
      this.set({ line: null, floor: 'full' });
      this.#heardOut(now);
    }
    this.settle();
  }

  /** Gives the client what may go: one piece ahead of its player. */
  #give(): void {
    const { line, floor, tail } = this.world;
    if (line === null) return;
    if (line.waiting > 0 && floor !== 'held' && tail === 0 && line.sent - line.played < 1) {
      if (line.cancelled || line.closed)
        throw new BrokenRule('audio after a cut, or after the end');
      this.set({ line: { ...line, waiting: line.waiting - 1, sent: line.sent + 1 } });
      if (line.sent === 0) this.#queue.push({ type: 'line.audio', lineId: line.lineId });
      this.#outlook();
    }
    this.#close();
  }

  #close(): void {
    const { line, tail } = this.world;
    if (line === null || !line.done || line.closed || line.waiting > 0) return;
    // A line without a sound is over when what sounded before it is.
    if (line.sent === 0 && tail > 0) return;
    this.set({ line: line.sent === 0 ? null : { ...line, closed: true } });
    this.#queue.push({ type: 'line.closed', lineId: line.lineId });
  }

  #outlook(): void {
    const { line, nowMs } = this.world;
    if (line === null || !line.done || line.sent === 0) return;
    const endsAtMs = nowMs + (line.waiting + line.sent - line.played) * quantumMs;
    const { lineId, question } = line;
    this.#queue.push({ type: 'line.outlook', lineId, endsAtMs, question });
  }

  #heardOut({ lineId, played }: WalkedLine): void {
    const playedMs = played * quantumMs;
    this.#queue.push({ type: 'playback', lineId, playedMs, bufferedMs: 0 });
  }

  /** The client plays what it has been given. */
  #tellQuiet(): void {
    const { line, tail, nowMs } = this.world;
    const unplayed = tail + (line === null ? 0 : line.sent - line.played);
    this.#queue.push({ type: 'agent.quiet', atMs: nowMs + unplayed * quantumMs });
  }

  /** [T27] What may be the agent's own voice interrupts it only when it is proven not to be. */
  #mayInterrupt(before: World, input: TurnInput, effects: readonly TurnEffect[]): void {
    const { overlap } = before.turn;
    if (overlap.kind === 'none' || !overlap.suspect) return;
    const heard = effects.some(
      ({ type, ...effect }) =>
        type === 'event' &&
        'event' in effect &&
        effect.event.type === 'interruption' &&
        ['words', 'speech', 'continuation'].includes(effect.event.by),
    );
    const foreign = (input.type === 'partial' || input.type === 'final') && input.foreign === true;
    const quietAtMs = overlap.kind === 'candidate' ? overlap.quietAtMs : null;
    const diedAway = quietAtMs !== null && before.nowMs >= quietAtMs;
    if (heard && !foreign && !overlap.foreign && overlap.provenMs === 0 && !diedAway) {
      throw new BrokenRule('[T27] the agent is interrupted by what may be its own voice');
    }
  }

  /** What must hold whenever nothing is left to do at this moment. */
  #looksRight(): void {
    const { turn, line, floor, promises } = this.world;
    const { agent, caller, overlap } = turn;
    const floorOf = agent.kind === 'idle' ? 'full' : agent.floor;
    if (floorOf !== floor) throw new BrokenRule(`the floor is ${floor}, the state says ${floorOf}`);
    if ((agent.kind === 'idle') !== (line === null)) {
      throw new BrokenRule(
        `the agent is ${agent.kind}, its line is ${line === null ? 'over' : 'not'}`,
      );
    }
    const talks = caller.kind === 'speaking' || caller.kind === 'paused';
    if (overlap.kind === 'candidate' && (!talks || caller.shown || agent.kind === 'idle')) {
      throw new BrokenRule('a candidate that is not speech over the agent');
    }
    if (floor !== 'full' && overlap.kind !== 'candidate' && turn.calmUntilMs === null) {
      throw new BrokenRule('the agent is lowered or held for nobody');
    }
    if ((talks && caller.shown) !== promises.shown) {
      throw new BrokenRule('what clients were shown is not what the state says');
    }
    if ((turn.speculation?.speculationId ?? null) !== promises.speculationId) {
      throw new BrokenRule('a speculation that neither was adopted nor dropped');
    }
  }
}
