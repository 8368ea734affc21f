import { ClauseCheck } from './gate-check.ts';
import { LineHold, type LinePiece, type OverheardText } from './gate-hold.ts';
import { GateSequel, type GateSequelOptions } from './gate-sequel.ts';
import { CallError } from '../ports/errors.ts';
import { compileRule, type CompiledRule } from '../gate/rules.ts';
import { disclosureRule } from '../gate/disclosure.ts';
import type { AudioFormat } from '../audio/format.ts';
import type { CallOptions } from './options.ts';
import type { GateAction, GateCheckPort, GateDefinition } from '../ports/gate.ts';
import type { LineTiming } from './gate-cover.ts';
import type { LineTrack } from './line-track.ts';
import type { Timer } from '../time/clock.ts';
import type { WordTime } from '../ports/conversation.ts';

/** Most audio that waits for its text, ms; a backend that goes past it has failed. */
const heldLimitMs = 120_000;

/** A timer that fires later than this had to wait for the process, and text may wait with it, ms. */
const lateTimerMs = 30;

/** Where on a line's audio a hit begins: not before `cleanMs`, and most likely at `likelyMs`. */
export interface HitPlace {
  readonly cleanMs: number;
  readonly likelyMs: number;
}

/** What is done with a line on behalf of the gate. */
export interface GateHands {
  /** This may be said. */
  readonly say: (track: LineTrack, piece: LinePiece) => void;
  /**
   * Nothing more of it may be, surely not from `cleanMs` of its audio on.
   * @returns what had been given to the client beyond `likelyMs`, ms
   */
  readonly stop: (track: LineTrack, place: HitPlace) => number;
  readonly fault: (error: CallError) => void;
}

interface LineGateOptions extends GateSequelOptions {
  readonly callId: string;
  readonly agent: () => string;
  readonly backend: () => string;
}

interface Held {
  readonly hold: LineHold;
  readonly check: ClauseCheck | null;
  readonly onHit: GateAction;
  readonly holdBackMs: number;
  /** Call time of its first audio; `null`: none came. */
  waitingSinceMs: number | null;
  /** It has been told how long that waited. */
  told: boolean;
  timer: Timer | null;
  /** The backend has said all of it: what happens when nothing waits any more. */
  done: (() => void) | null;
}

/** What an agent's lines are held against. */
export interface GateInForce {
  readonly gate: GateDefinition;
  /** Asks outside; `null`: nobody is asked. */
  readonly checker: GateCheckPort | null;
}

/** The gate of a call whose agent has one, or may hand the call to another one that has. */
export function createLineGate(
  { agent, callId, gateCheck = null }: Pick<CallOptions, 'agent' | 'callId' | 'gateCheck'>,
  options: Omit<LineGateOptions, 'callId'>,
): LineGate | null {
  const { gate, declaredTools = [] } = agent;
  const switches = declaredTools.some(
    (tool) => tool.kind === 'builtin' && tool.builtin === 'switch_agent',
  );
  if (gate === undefined && !switches) return null;
  const first = gate === undefined ? null : { gate, checker: gateCheck };
  return new LineGate(first, { ...options, callId });
}

/**
 * The gate before the ear: what an agent is about to say waits here until its rules say that it may
 * be said. Lines out of band are never heard, and sentences of the operator's own are none of its
 * business: they go by.
 */
export class LineGate {
  readonly #options: LineGateOptions;
  #now: GateInForce | null = null;
  #rules: readonly CompiledRule[] = [];
  #sequel: GateSequel | null = null;
  readonly #held = new Map<LineTrack, Held>();
  #hands: GateHands | null = null;
  #format: AudioFormat = { codec: 'pcm16', rateHz: 24_000 };
  #toldBlind = '';

  constructor(first: GateInForce | null, options: LineGateOptions) {
    this.#options = options;
    this.change(first);
  }

  /** Lines that begin from now on are held against this; `null`: against nothing. */
  change(now: GateInForce | null): void {
    this.#now = now;
    this.#rules = now?.gate.rules.map(compileRule) ?? [];
    if (now === null) return;
    if (this.#sequel === null) this.#sequel = new GateSequel(now.gate, this.#options);
    else this.#sequel.change(now.gate);
  }

  /** Who does what it decides. */
  use(hands: GateHands): void {
    this.#hands = hands;
  }

  /** The backend's output format, once it is open. */
  connect(format: AudioFormat): void {
    this.#format = format;
  }

  /** @returns false: it goes by */
  text(track: LineTrack, delta: string, words: readonly WordTime[] | null): boolean {
    const held = this.#of(track);
    if (held === null) return false;
    held.hold.pushText(delta, words, this.#options.scope.nowMs());
    held.check?.push(held.hold.text, false);
    this.#look(track, held);
    return true;
  }

  /** The line is going to say this; it comes again as its text. */
  ahead(track: LineTrack, delta: string): void {
    const held = this.#of(track);
    if (held === null) return;
    held.hold.pushAhead(delta);
    this.#look(track, held);
  }

  /** Somebody beside the backend hears it say this; `null`: who was to hear it is away. */
  overheard(track: LineTrack, heard: OverheardText | null): void {
    const held = this.#held.get(track);
    if (held === undefined) return;
    if (heard === null) this.#tellBlind();
    held.hold.overhear(heard, this.#options.scope.nowMs());
    this.#look(track, held);
  }

  /** @param bytes whole samples in the backend's format, kept; @returns false: it goes by */
  audio(track: LineTrack, bytes: Uint8Array): boolean {
    const held = this.#of(track);
    if (held === null) return false;
    const nowMs = this.#options.scope.nowMs();
    held.hold.pushAudio(bytes, nowMs);
    held.waitingSinceMs ??= nowMs;
    this.#look(track, held);
    if (held.hold.heldMs > heldLimitMs) {
      const message = `more than ${heldLimitMs / 1000} s of agent audio waits for its text`;
      this.#hands?.fault(new CallError('queue_overflow', message));
    }
    return true;
  }

  /** The backend has said all of it. @returns false: nothing of it is here */
  end(track: LineTrack, done: () => void): boolean {
    const held = this.#held.get(track);
    if (held === undefined) return false;
    held.done = done;
    held.hold.end();
    held.check?.push(held.hold.text, true);
    this.#look(track, held);
    return true;
  }

  /** The next line is there: what is still being asked about this one is not waited for. */
  settle(track: LineTrack): void {
    const held = this.#held.get(track);
    if (held?.done !== null) held?.check?.settle();
  }

  /** Nothing that waits of it will be said. Idempotent. */
  drop(track: LineTrack): void {
    const held = this.#held.get(track);
    if (held === undefined) return;
    if (!held.hold.empty) track.withheld = true;
    this.#held.delete(track);
    held.timer?.cancel();
    held.check?.close();
  }

  close(): void {
    for (const track of [...this.#held.keys()]) this.drop(track);
    this.#sequel?.close();
  }

  #of(track: LineTrack): Held | null {
    const known = this.#held.get(track);
    if (known !== undefined) return known;
    const now = this.#now;
    if (now === null || !track.inBand || this.#sequel?.isOwn(track) === true) return null;
    const asks = now.checker !== null || this.#sequel?.owesDisclosure === true;
    if (this.#rules.length === 0 && !asks) return null;
    if (!this.#options.capabilities().transcripts.agent && track.line.modality === 'audio') {
      this.#tellBlind();
      return null;
    }
    const held = this.#begin(track, now);
    this.#held.set(track, held);
    return held;
  }

  #begin(track: LineTrack, { gate, checker }: GateInForce): Held {
    const { agent, callId, scope } = this.#options;
    const { transcripts } = this.#options.capabilities();
    const timing: LineTiming =
      transcripts.paired === true ? 'paired' : transcripts.wordTimes ? 'words' : 'loose';
    const first = this.#sequel?.owesDisclosure === true && gate.disclosure !== null;
    const rules = first ? [disclosureRule(gate.disclosure), ...this.#rules] : this.#rules;
    const { holdBackMs, onLateText } = gate;
    const hold = new LineHold({ rules, timing, holdBackMs, onLateText, format: this.#format });
    const { lineId } = track.line;
    const check =
      gate.check === null || checker === null
        ? null
        : new ClauseCheck({
            scope,
            check: gate.check,
            port: checker,
            question: { callId, agent: agent(), lineId },
            onAllowed: (characters) => {
              hold.allow(characters, strict);
              this.#lookAt(track);
            },
            onRefused: () => {
              hold.refuse('check');
              this.#lookAt(track);
            },
            onOutcome: (outcome, tookMs) =>
              scope.log.append({ type: 'gate.checked', lineId, outcome, tookMs }),
          });
    const strict = gate.check?.onFail === 'closed';
    if (check !== null) hold.allow(0, strict);
    const onHit = gate.onHit;
    return {
      hold,
      check,
      onHit,
      holdBackMs,
      waitingSinceMs: null,
      told: false,
      timer: null,
      done: null,
    };
  }

  #lookAt(track: LineTrack): void {
    const held = this.#held.get(track);
    if (held !== undefined) this.#look(track, held);
  }

  /** Lets go what may go, and does what there is to do about the rest. */
  #look(track: LineTrack, held: Held): void {
    const { scope } = this.#options;
    for (const piece of held.hold.release(scope.nowMs())) {
      if (piece.kind === 'audio' && piece.sounds) this.#tellHeld(track, held);
      this.#hands?.say(track, piece);
      // What it says may have ended the call, or the line.
      if (this.#held.get(track) !== held) return;
    }
    if (held.hold.hitRule !== null) {
      this.#hit(track, held);
      return;
    }
    if (held.done !== null && held.hold.empty) {
      this.#held.delete(track);
      held.timer?.cancel();
      held.check?.close();
      held.done();
      return;
    }
    this.#wake(track, held);
  }

  #hit(track: LineTrack, held: Held): void {
    const { scope } = this.#options;
    const { lineId } = track.line;
    const rule = held.hold.hitRule ?? '';
    const { cleanMs, likelyMs } = held.hold;
    this.#held.delete(track);
    held.timer?.cancel();
    held.check?.close();
    track.withheld = true;
    const isText = track.line.modality === 'text';
    const place = isText ? { cleanMs: Infinity, likelyMs: Infinity } : { cleanMs, likelyMs };
    const lateMs = this.#hands?.stop(track, place) ?? 0;
    const action = rule === 'disclosure' ? 'replace' : held.onHit;
    scope.log.append({ type: 'gate.hit', lineId, rule, action, lateMs });
    this.#sequel?.hit(track, rule);
  }

  #tellHeld(track: LineTrack, held: Held): void {
    if (held.told || held.waitingSinceMs === null) return;
    const { scope } = this.#options;
    const heldMs = scope.nowMs() - held.waitingSinceMs;
    held.told = true;
    scope.log.append({ type: 'gate.held', lineId: track.line.lineId, heldMs });
  }

  #wake(track: LineTrack, held: Held): void {
    held.timer?.cancel();
    held.timer = null;
    const { wakeAtMs } = held.hold;
    const { clock, originMs, nowMs } = this.#options.scope;
    if (wakeAtMs === null) return;
    const atMs = originMs + Math.max(wakeAtMs, nowMs() + 1);
    held.timer = clock.timerAt(atMs, () => {
      const isLate = clock.nowMs() - atMs > lateTimerMs;
      if (isLate) held.hold.postpone(nowMs() + held.holdBackMs);
      this.#look(track, held);
    });
  }

  #tellBlind(): void {
    const backend = this.#options.backend();
    if (this.#toldBlind === backend) return;
    this.#toldBlind = backend;
    this.#options.scope.log.append({ type: 'gate.blind', backend });
  }
}
