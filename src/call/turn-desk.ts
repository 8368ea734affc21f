import { asCallError } from '../ports/errors.ts';
import { TurnEngine } from '../turn/engine.ts';
import { TurnItems } from './turn-items.ts';
import { unasked, type LineRequest } from './line-request.ts';
import type { CommandTarget } from './commands.ts';
import type { TurnEffect, TurnEvent, TurnInput } from '../turn/vocabulary.ts';
import type { TurnOptions } from '../turn/options.ts';
import type { TurnState } from '../turn/state.ts';

/** What is asked of a backend that is to say something while a tool runs. */
const fillerInstructions = [
  'A tool is still running. In at most six words, tell the caller that you are working on it. Do ' +
    'not guess its result.',
  'The tool is still running. In one short sentence, apologise for the wait and say that it takes a ' +
    'little longer. Do not guess its result.',
] as const;

/** Does what the turn machine wants: turns effects into log entries, items and commands. */
export class TurnDesk {
  readonly #target: CommandTarget;
  readonly #engine: TurnEngine;
  readonly #items: TurnItems;
  /** The answer that was begun before its turn was over, and the call time of its beginning. */
  #speculation: { readonly speculationId: number; readonly sinceMs: number } | null = null;
  /** The app itself asked for what is being decided. */
  #byApp = false;

  constructor(target: CommandTarget, options: TurnOptions) {
    const { clock, originMs } = target.scope;
    this.#target = target;
    this.#items = new TurnItems(target);
    this.#engine = new TurnEngine({ clock, originMs, options }, (effect) => this.#run(effect));
  }

  get state(): TurnState {
    return this.#engine.state;
  }

  /** Whether a turn of the caller's is on its way; not what is still judged, which may be none. */
  get callerSpeaks(): boolean {
    const { caller } = this.#engine.state;
    return (caller.kind === 'speaking' || caller.kind === 'paused') && caller.shown;
  }

  /** The caller speaks, whether or not that is a turn. */
  get callerTalks(): boolean {
    const { kind } = this.#engine.state.caller;
    return kind === 'speaking' || kind === 'paused';
  }

  /** Start of the committed turn that nothing has been heard in answer to. */
  get unansweredFromSample(): number | null {
    return this.#items.unansweredFromSample;
  }

  feed(input: TurnInput): void {
    if (this.#answers(input)) this.#items.answered();
    this.#byApp = input.type === 'client.interrupt';
    this.#engine.feed(input);
    this.#byApp = false;
  }

  /** What a speculation was begun with holds no more either. */
  configure(options: TurnOptions): void {
    this.#engine.configure(options);
    this.feed({ type: 'context' });
  }

  /** Nothing is decided any more, not even what was half decided. */
  close(): void {
    this.#engine.close();
  }

  /** Whether something of an answer has reached the client. That a tool still runs is none. */
  #answers(input: TurnInput): boolean {
    const { latest } = this.#target.lines;
    if (latest?.line.cause === 'filler') return false;
    if (input.type === 'line.audio') return true;
    return input.type === 'line.closed' && latest !== null && latest.sentText !== '';
  }

  #run(effect: TurnEffect): void {
    const { lines } = this.#target;
    switch (effect.type) {
      case 'event':
        this.#show(effect.event);
        return;
      case 'commitTurn':
        this.#items.commit(effect);
        return;
      case 'commitDigits':
        this.#items.commitDigits(effect.digits);
        return;
      case 'startResponse':
        this.#answer(effect);
        return;
      case 'say':
        this.#fill(effect.count);
        return;
      case 'duck':
        lines.duck(effect.gainDb, this.#onsetAtMs());
        return;
      case 'hold':
        lines.hold();
        return;
      case 'resume':
        lines.resume();
        return;
      case 'cancelGeneration':
        lines.cancelUpstream();
        return;
      case 'flushPlayback':
        if (this.#byApp) lines.cut('client', 'client_cancelled');
        else lines.cut('caller', 'turn_detected');
        return;
      // The cut itself has told what was heard: nothing that follows from it may come before.
      case 'truncate':
        return;
      case 'retractTurn':
        this.#retract();
        return;
      case 'queryEndOfTurn':
        this.#target.uplink.askEndOfTurn(effect);
        return;
      case 'speculate':
        this.#speculate(effect);
        return;
      case 'dropSpeculation':
        this.#endSpeculation('dropped');
        return;
    }
  }

  #show(event: TurnEvent): void {
    const { log, nowMs } = this.#target.scope;
    switch (event.type) {
      case 'speechStarted': {
        const itemId = this.#items.newItemId();
        const { audioStartMs } = event;
        log.append({ type: 'speech.started', itemId, audioStartMs, detectedAtMs: nowMs() });
        this.#tellFloor(audioStartMs);
        return;
      }
      case 'speechStopped': {
        const { audioEndMs } = event;
        log.append({ type: 'speech.stopped', itemId: this.#items.itemId(), audioEndMs });
        return;
      }
      case 'speechDismissed': {
        const { verdict, audioStartMs, audioEndMs, text } = event;
        log.append({ type: 'speech.dismissed', verdict, audioStartMs, audioEndMs, text });
        return;
      }
      case 'interruption': {
        const { by, judgedMs } = event;
        const onsetAtMs = this.#onsetAtMs();
        log.append({ type: 'speech.interrupted', by, judgedMs, onsetAtMs });
        return;
      }
      case 'idle': {
        const { audioStartMs, audioEndMs } = event;
        log.append({ type: 'turn.idle', itemId: this.#items.itemId(), audioStartMs, audioEndMs });
        return;
      }
      case 'away':
        log.append({ type: 'caller.away', away: event.away });
        return;
      case 'agentSlow':
        log.append({ type: 'agent.slow', lineId: event.lineId });
        return;
    }
  }

  /** Shown speech is a turn on its way: who sends it up need not wait for its end. */
  #tellFloor(audioStartMs: number): void {
    const { context, send, uplink } = this.#target;
    const { authority, capabilities } = context();
    if (authority !== 'gateway' || capabilities.callerFloor !== true) return;
    send({ type: 'caller.floor', fromSample: uplink.sampleAt(audioStartMs) });
  }

  /** Call time at which the speech in progress began in the wave. */
  #onsetAtMs(): number | null {
    const { caller } = this.#engine.state;
    return caller.kind === 'speaking' || caller.kind === 'paused'
      ? this.#target.uplink.callTimeOf(caller.onsetAudioMs)
      : null;
  }

  #retract(): void {
    const itemId = this.#items.retract();
    if (itemId !== null) this.#target.scope.log.append({ type: 'turn.retracted', itemId });
  }

  #speculate({ speculationId, text }: TurnEffect & { type: 'speculate' }): void {
    const { scope, send } = this.#target;
    this.#speculation = { speculationId, sinceMs: scope.nowMs() };
    send({ type: 'speculate', speculationId, text });
    scope.log.append({ type: 'speculation.started', speculationId, text });
  }

  #endSpeculation(outcome: 'adopted' | 'dropped'): void {
    const { scope, send } = this.#target;
    if (this.#speculation === null) return;
    const { speculationId, sinceMs } = this.#speculation;
    this.#speculation = null;
    if (outcome === 'dropped') send({ type: 'speculation.drop', speculationId });
    const ageMs = scope.nowMs() - sinceMs;
    scope.log.append({ type: 'speculation.ended', speculationId, outcome, ageMs });
  }

  #answer({ cause, speculationId }: TurnEffect & { type: 'startResponse' }): void {
    const opened = this.#respond({ ...unasked, cause }, speculationId);
    if (speculationId !== undefined) this.#endSpeculation(opened ? 'adopted' : 'dropped');
  }

  #fill(count: number): void {
    const made = fillerInstructions[Math.min(count, 1)] ?? fillerInstructions[0];
    const request = this.#target.tools.filler(count, made);
    if (request !== null) this.#respond(request);
  }

  /** @returns whether there is a line now */
  #respond(request: LineRequest, speculationId?: number): boolean {
    const { scope, respond } = this.#target;
    try {
      respond(request, null, speculationId);
      return true;
    } catch (thrown) {
      const { code, message } = asCallError(thrown);
      scope.log.append({ type: 'fault', code, message });
      return false;
    }
  }
}
