import { HandoverGap } from './handover-gap.ts';
import { HandoverHold } from './handover-hold.ts';
import { canBeAsked, UnbegunAnswer } from './handover-unbegun.ts';
import { itemBefore, itemsToBeHeard, lineItem, type ToldLine } from './handover-items.ts';
import { keptFrom, LatestTurns, openFrom } from './handover-turns.ts';
import { brokenOffInstructions, goOnInstructions, KnownWork } from './handover-told.ts';

import { retell, type Loss, type Retelling, type Taker } from './handover-plan.ts';
import { takeSeed } from './seed.ts';
import { unasked } from './line-request.ts';
import { unknownWords, type UnknownWords } from './unknown-words.ts';
import type { BackendCommand, BackendPort } from '../ports/backend.ts';
import type { CallError } from '../ports/errors.ts';
import type { CallPhrases } from '../ports/phrases.ts';
import type { CallSeed, MessageItem } from '../ports/conversation.ts';
import type { CommandTarget } from './commands.ts';
import type { HandoverCause, HandoverOwed, LogEntry } from '../ports/events.ts';
import type { LeftLine } from './left-lines.ts';
import type { LineTrack } from './line-track.ts';
import type { TurnDesk } from './turn-desk.ts';

export interface HandoverOptions {
  readonly callId: string;
  readonly target: CommandTarget;
  readonly turns: TurnDesk;
  /** What is said when a gap grows too long; absent or `null`: nothing. */
  readonly phrases?: CallPhrases | null;
}

type Respond = BackendCommand & { readonly type: 'respond' };

/**
 * One call's way from a backend that was lost to the next one: what the caller will have heard by
 * then, what the other is told of it, and what it is asked for. See docs/handover.md.
 */
export class Handover {
  readonly #options: HandoverOptions;
  readonly #turns = new LatestTurns();
  readonly #known = new KnownWork();
  readonly #gap: HandoverGap;
  readonly #unbegun: UnbegunAnswer;
  readonly #hold: HandoverHold | null;
  #loss: { readonly of: Loss; readonly seed: CallSeed } | null = null;
  #retelling: { readonly port: BackendPort; readonly retelling: Retelling } | null = null;
  /** Lines as the other backend was told them, by line. */
  #told = new Map<string, ToldLine>();
  /** The same, as they were told to one that may take over. */
  #foretold: ReadonlyMap<string, ToldLine> = new Map();
  #left: LeftLine | null = null;
  /** What was asked for last in the conversation. */
  #asked: Respond | null = null;
  /** The line in which a tool was called last. */
  #calledIn: string | null = null;
  #serving = false;
  #closed = false;

  constructor(options: HandoverOptions) {
    const { scope, roundTripMs } = options.target;
    this.#options = options;
    const isNew = (lineId: string): boolean => this.#known.has(lineId);
    this.#gap = new HandoverGap({ scope, roundTripMs, isNew });
    const { target, turns } = options;
    this.#unbegun = new UnbegunAnswer({ target, turns, latest: this.#turns });
    this.#hold = this.#createHold();
    scope.log.listen((entry) => this.#entry(entry));
  }

  /** A backend in use is lost, or left. @param to who is tried first */
  lost(from: BackendPort, error: CallError, to: string, cause: HandoverCause): void {
    const { lines, scope, turn } = this.#options.target;
    const served = this.#serving;
    this.#serving = false;
    this.#retelling = null;
    this.#known.forget();
    const left = lines.left.leave(error, ({ line }) => line.lineId !== this.#calledIn);
    if (left !== null) this.#left = left;
    this.#unbegun.lost({ served, line: left !== null });
    const owed = this.#owed();
    const broken = this.#left?.kind === 'broken' ? this.#left.track : null;
    const answer =
      this.#left?.kind === 'owed' && !this.#left.track.closed ? this.#left.track : null;
    scope.log.append({ type: 'handover.started', from: from.name, to, cause, owed });
    this.#gap.lost({ from: from.name, cause, owed, broken });
    if (answer !== null) this.#begun(answer);
    this.#hold?.lost(owed !== 'nothing', answer);
    this.#loss = this.#snapshot(answer);
    // What a speculation rested on is gone, and so is the speculation.
    turn({ type: 'context' });
  }

  /** What a backend is opened with; `null` at the beginning of a call. */
  seed(port: BackendPort): CallSeed | null {
    if (this.#loss === null) return null;
    return { ...this.#loss.seed, items: this.#retell(port, this.#loss.of).items };
  }

  /** What a backend that has just opened is sent, from what waited for it. */
  first(port: BackendPort, waiting: readonly BackendCommand[]): readonly BackendCommand[] {
    if (this.#loss === null) return waiting;
    const { commands, answersItself } = this.#retell(port, this.#loss.of);
    const phrase = this.#hold?.first() ?? [];
    if (answersItself) this.#unbegun.answersItself();
    const told = [...commands, ...phrase, ...this.#askAgain(answersItself)];
    return [...told, ...waiting.flatMap((command) => this.translate(command))];
  }

  /** What a backend would be told now, had it to take over. */
  preview(taker: Taker): Retelling {
    const told = this.#told;
    const { of } = this.#snapshot(this.#options.target.lines.active);
    this.#foretold = this.#told;
    this.#told = told;
    return retell(of, taker);
  }

  /** A backend has taken part before it took over: what it is sent, from what it was not told. */
  caughtUp(missed: readonly BackendCommand[]): readonly BackendCommand[] {
    if (this.#loss === null) return missed;
    this.#askAgain(false);
    const asHeard = this.#told;
    // It knows the lines as they were to be heard when it was told them.
    this.#told = new Map(this.#foretold);
    const told = missed.flatMap((command) => this.translate(command));
    return [...told, ...this.#putRight(asHeard)];
  }

  /** It was sent all that. */
  serving(port: BackendPort): void {
    this.#serving = true;
    this.#gap.serving(port);
    this.lineDone();
    if (this.#unbegun.ask()) this.#gap.waive();
  }

  /** A command in the terms of the backend in use: one that took over knows less than was said. */
  translate(command: BackendCommand): readonly BackendCommand[] {
    if (command.type === 'respond' && !command.outOfBand) this.#asked = command;
    if (this.#loss === null) return [command];
    if (command.type === 'truncate') {
      const told = this.#told.get(command.lineId);
      if (told !== undefined) return this.#rewritten(command.lineId, command.heardText ?? '', told);
      if (!this.#known.has(command.lineId)) return [];
      return [this.#hold?.without(command) ?? command];
    }
    const sensible = this.#known.sensible(command);
    return sensible === null ? [] : [sensible];
  }

  /** Whether what was heard of a line has to be put right, as another backend was told it. */
  retold(lineId: string): boolean {
    return this.#told.has(lineId);
  }

  /** A line is over: whoever took over goes on from one that was broken off. */
  lineDone(): void {
    if (this.#serving) this.#hold?.lineDone();
    const left = this.#left;
    if (this.#closed || left?.kind !== 'broken') return;
    if (!this.#serving || !left.track.closed) return;
    const { lines, tools } = this.#options.target;
    const { active } = lines;
    // This is asked again when the phrase is on its way.
    if (this.#hold?.makesRoom(active) === true) return;
    if (active !== null) {
      // Somebody has something else to say.
      this.#left = null;
      return;
    }
    this.#left = null;
    const unknown = unknownWords(left.track);
    const asks = this.#options.turns.callerSpeaks;
    if (!asks && !tools.busy) {
      this.#goOn(unknown);
      return;
    }
    this.#gap.waive();
    // The tool's answer comes next.
    if (!asks && unknown !== null) this.#tell(brokenOffInstructions(unknown));
  }

  /** No line is gone on from any more. */
  close(): void {
    this.#closed = true;
    this.#hold?.close();
  }

  #createHold(): HandoverHold | null {
    const { phrases = null, target, turns } = this.#options;
    if (phrases === null) return null;
    return new HandoverHold({
      target,
      phrases,
      callerSpeaks: () => turns.callerSpeaks,
      onSaid: ({ line }) => this.#gap.bridged(line.lineId),
      onTold: (lineId, told) => this.#told.set(lineId, told),
    });
  }

  #entry(entry: LogEntry): void {
    this.#turns.push(entry);
    if (entry.type === 'line.opened') this.#known.add(entry.line.lineId);
    else if (entry.type === 'tool.called') this.#calledIn = entry.lineId;
    else if (entry.type === 'agent.cut' || entry.type === 'turn.committed') {
      // Who took the floor does not want to hear the rest.
      if (this.#left?.kind === 'broken') this.#left = null;
    }
  }

  #owed(): HandoverOwed {
    if (this.#unbegun.owed) return 'answer';
    switch (this.#left?.kind) {
      case 'broken':
        return 'rest';
      case 'owed':
        return 'answer';
      case 'over':
      case undefined:
        return 'nothing';
    }
  }

  /** An answer that is owed may have begun with a phrase: the caller hears the agent. */
  #begun(answer: LineTrack): void {
    if (answer.prefaceSamples === 0) return;
    const heardAtMs = answer.heardAtMs(0, this.#options.target.roundTripMs());
    this.#gap.bridged(answer.line.lineId, heardAtMs);
  }

  /** @param owed the line that the next one is asked for again: it is told of it then */
  #snapshot(owed: LineTrack | null = null): { readonly of: Loss; readonly seed: CallSeed } {
    const { target, turns } = this.#options;
    const { conversation, scope, settings, uplink } = target;
    const nowMs = scope.nowMs();
    const at = { nowMs, roundTripMs: target.roundTripMs() };
    const { items, lines } = itemsToBeHeard(conversation, at, owed);
    this.#told = new Map(lines);
    // The backend is sent the audio itself.
    const seed = takeSeed(this.#options, items);
    const { speakingFromSample } = seed.turn;
    const manual = settings().turnDetection === null;
    const openFromSample = openFrom(uplink, { speakingFromSample, manual });
    const committed = this.#turns.at(turns.unansweredFromSample);
    const fromSample = Math.min(openFromSample, committed[0]?.fromSample ?? Infinity);
    const audio = keptFrom(uplink, fromSample, nowMs);
    return { seed, of: { items, turns: committed, audio, openFromSample } };
  }

  #retell(port: BackendPort, loss: Loss): Retelling {
    if (this.#retelling?.port !== port) {
      const { authority, capabilities } = this.#options.target.context();
      this.#retelling = { port, retelling: retell(loss, { authority, capabilities }) };
    }
    return this.#retelling.retelling;
  }

  /** The answer that is owed, if it still is. */
  #askAgain(answersItself: boolean): readonly BackendCommand[] {
    const left = this.#left;
    if (left?.kind !== 'owed') return [];
    this.#left = null;
    const { lines, context } = this.#options.target;
    const { track } = left;
    if (track.closed) return [];
    const { line } = track;
    // Who has no turns says by himself that he is on it.
    const bridge = line.cause === 'filler' && context().authority === 'model';
    if (answersItself || bridge || !canBeAsked(context())) {
      lines.left.abandon(track);
      return [];
    }
    lines.left.askedAgain(track);
    this.#known.add(line.lineId);
    const { lineId, itemId, overrides } = line;
    const plain = { type: 'respond', lineId, itemId, outOfBand: false, overrides } as const;
    const { input = null, words } = this.#asked?.lineId === lineId ? this.#asked : {};
    return [{ ...plain, input, ...(words === undefined ? {} : { words }) }];
  }

  /** The lines are told anew of which something else was heard than the backend was told. */
  #putRight(asHeard: ReadonlyMap<string, ToldLine>): readonly BackendCommand[] {
    return [...this.#told].flatMap(([lineId, told]) => {
      const heard = asHeard.get(lineId);
      return heard === undefined ? [] : this.#rewritten(lineId, heard.text, told);
    });
  }

  /** More or less was heard of a line than the backend was told: it is told anew. */
  #rewritten(lineId: string, text: string, told: ToldLine): readonly BackendCommand[] {
    const { context, conversation, scope, roundTripMs } = this.#options.target;
    const track = conversation.line(told.itemId);
    if (text === told.text || track === undefined) return [];
    this.#told.set(lineId, { ...told, text });
    if (!context().capabilities.appendContext) return [];
    const at = { nowMs: scope.nowMs(), roundTripMs: roundTripMs() };
    const { itemId } = told;
    const remove = { type: 'item.delete', itemId } as const;
    if (text === '') return told.text === '' ? [] : [remove];
    const afterItemId = itemBefore(conversation.items(at), itemId);
    const add = { type: 'item.add', item: lineItem(track, text, at), afterItemId } as const;
    return told.text === '' ? [add] : [remove, add];
  }

  #goOn(unknown: UnknownWords | null): void {
    const { context, respond, settings } = this.#options.target;
    const { capabilities, authority } = context();
    const { instructions, modality } = settings();
    if (!canBeAsked({ capabilities, authority }) || modality === 'text') {
      this.#gap.waive();
      return;
    }
    const told = capabilities.instructions && capabilities.rigid?.perLine !== true;
    const goOn = goOnInstructions(unknown);
    const asked = authority === 'model';
    const wish = asked ? goOn : `${instructions}\n\n${goOn}`;
    const overrides = asked || told ? { instructions: wish } : {};
    if (!asked && !told) this.#tell(goOn);
    respond({ ...unasked, cause: 'handover', overrides }, null);
  }

  /** Words that are no part of the conversation, where the backend takes such. */
  #tell(text: string): void {
    const { context, scope, send } = this.#options.target;
    if (!context().capabilities.appendContext) return;
    const item: MessageItem = {
      kind: 'message',
      itemId: scope.ids.next('item'),
      role: 'system',
      status: 'completed',
      content: [{ type: 'text', text }],
    };
    send({ type: 'item.add', item, afterItemId: undefined });
  }
}
