import { unasked } from './line-request.ts';
import type { BackendCommand } from '../ports/backend.ts';
import type { CallPhrases } from '../ports/phrases.ts';
import type { CommandTarget } from './commands.ts';
import type { LineTrack } from './line-track.ts';
import type { LogEntry } from '../ports/events.ts';
import type { MessageItem } from '../ports/conversation.ts';
import type { Timer } from '../time/clock.ts';
import type { ToldLine } from './handover-items.ts';

type Truncate = BackendCommand & { readonly type: 'truncate' };

/** What is said a little longer than was expected counts as expected, ms. */
const slackMs = 50;

export interface HandoverHoldOptions {
  readonly target: CommandTarget;
  readonly phrases: CallPhrases;
  readonly callerSpeaks: () => boolean;
  /** A phrase is about to be said in this line. */
  readonly onSaid: (track: LineTrack) => void;
  /** Such a line says nothing else: another backend is told it as this. */
  readonly onTold: (lineId: string, told: ToldLine) => void;
}

/**
 * Bridges a gap that grows too long with a phrase of the agent's: in a line of its own, or as the
 * beginning of the answer that the caller waits for. Once a handover.
 */
export class HandoverHold {
  readonly #options: HandoverHoldOptions;
  /** A backend was lost, and nothing of another one has been heard since. */
  #open = false;
  #timer: Timer | null = null;
  /** The line of the latest phrase: it says nothing else, or is an answer that begins so. */
  #bridge: LineTrack | null = null;
  /** The line that is owed: its first packet may have been a phrase. */
  #answer: LineTrack | null = null;
  /** The phrase, until another backend was told of it. */
  #untold: MessageItem | null = null;

  constructor(options: HandoverHoldOptions) {
    this.#options = options;
    options.target.scope.log.listen((entry) => this.#entry(entry));
  }

  /**
   * A backend is lost.
   *
   * @param owed whether the caller waits for something of it
   * @param answer the line that is owed; it may begin with a phrase
   */
  lost(owed: boolean, answer: LineTrack | null): void {
    const { lines, scope } = this.#options.target;
    const nowMs = scope.nowMs();
    this.close();
    this.#open = true;
    this.#answer = answer;
    this.#untold = answer === null ? null : this.#prefaceOf(answer);
    if (owed) this.#arm(Math.max(nowMs, lines.own.heardOutAtMs ?? nowMs));
  }

  /** What a backend that has just opened is told of a phrase, before it is asked for anything. */
  first(): readonly BackendCommand[] {
    const told = this.#tell(this.#untold, undefined);
    const bridge = this.#bridge?.line;
    if (bridge !== undefined && this.#untold?.itemId === bridge.itemId) {
      this.#options.onTold(bridge.lineId, { itemId: bridge.itemId, text: wordsOf(this.#untold) });
    }
    this.#untold = null;
    return told;
  }

  /** A line is over. Who was at an answer is told of the phrase behind it: some would begin anew. */
  lineDone(): void {
    const [bridge, untold] = [this.#bridge, this.#untold];
    if (bridge?.closed !== true || untold === null) return;
    this.#untold = null;
    const { roundTripMs, scope, send } = this.#options.target;
    const { itemId, lineId, previousItemId } = bridge.line;
    const at = [scope.nowMs(), roundTripMs()] as const;
    const heardText = bridge.settled ? bridge.heardText(...at) : bridge.text.text.trim();
    if (untold.itemId === itemId) {
      // It may have been cut, and told as it was heard then.
      send({ type: 'truncate', lineId, heardMs: bridge.heardMs(...at), heardText });
      return;
    }
    const { prefaceText } = bridge;
    const fromAt = Math.max(0, prefaceText.lastIndexOf(wordsOf(untold)));
    const heard = heardText.slice(fromAt, prefaceText.length).trim();
    const item = heard === '' ? null : withWords(untold, heard);
    for (const command of this.#tell(item, previousItemId ?? undefined)) send(command);
  }

  /** Whether this line is a phrase, which is given at once now, so that another one can begin. */
  makesRoom(active: LineTrack | null): boolean {
    if (active === null || active !== this.#bridge || active.outcome === null) return false;
    this.#options.target.lines.own.hurry();
    return true;
  }

  /** What was heard of a line, as its backend counts it. */
  without(command: Truncate): Truncate {
    if (this.#bridge?.line.lineId !== command.lineId) return command;
    const { prefaceMs, prefaceText } = this.#bridge;
    return {
      ...command,
      heardMs: Math.max(0, command.heardMs - prefaceMs),
      heardText: (command.heardText ?? '').slice(prefaceText.length),
    };
  }

  /** Nobody waits any more. Idempotent. */
  close(): void {
    this.#open = false;
    this.#disarm();
  }

  #entry(entry: LogEntry): void {
    if (!this.#open) return;
    const { type } = entry;
    const answered = type === 'line.closed' && entry.lineId === this.#answer?.line.lineId;
    if (answered || type === 'line.first_packet' || type === 'call.closed') this.close();
    else if (type === 'speech.started' || type === 'agent.cut') this.#disarm();
    else if (type === 'line.opened' && entry.line.epoch !== null && this.#timer === null) {
      // Somebody asks for something, and nobody is there yet.
      this.#arm(entry.atMs);
    }
  }

  #arm(silentFromMs: number): void {
    const { clock, originMs } = this.#options.target.scope;
    const { holdAfterMs } = this.#options.phrases;
    this.#disarm();
    this.#timer = clock.timerAt(originMs + silentFromMs + holdAfterMs, () => {
      this.#timer = null;
      const { heardOutAtMs } = this.#options.target.lines.own;
      // What plays last may have been held meanwhile.
      if (heardOutAtMs === null) this.#arm(this.#options.target.scope.nowMs());
      else if (heardOutAtMs > silentFromMs + slackMs) this.#arm(heardOutAtMs);
      else this.#say();
    });
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  #say(): void {
    const { callerSpeaks, onSaid, onTold, phrases, target } = this.#options;
    const { lines, scope, settings, tools } = target;
    if (callerSpeaks() || tools.busy || settings().modality === 'text') return;
    const { active } = lines;
    if (active !== null && !isAwaited(active)) return;
    const phrase = phrases.holding();
    if (phrase === null) return;
    this.close();
    const track = active ?? lines.open({ ...unasked, cause: 'filler' });
    const { lineId, itemId } = track.line;
    this.#bridge = track;
    scope.log.append({ type: 'handover.held', lineId });
    onSaid(track);
    if (active === null) {
      const { text, words } = phrase;
      this.#untold = itemOf(itemId, text, words.at(-1)?.endMs ?? 0);
      // Nobody is told of it yet.
      onTold(lineId, { itemId, text: '' });
      lines.own.say(track, phrase);
    } else {
      const told = this.#untold === null ? track.prefaceText : '';
      lines.own.preface(track, phrase);
      this.#untold = this.#prefaceOf(track, told);
    }
  }

  /** What a line begins with, as an item of its own. @param told what of it is known already */
  #prefaceOf({ prefaceMs, prefaceText }: LineTrack, told = ''): MessageItem | null {
    const { ids } = this.#options.target.scope;
    const text = prefaceText.slice(told.length).trim();
    return text === '' ? null : itemOf(ids.next('item'), text, prefaceMs);
  }

  #tell(item: MessageItem | null, afterItemId: string | undefined): readonly BackendCommand[] {
    const { appendContext } = this.#options.target.context().capabilities;
    return item === null || !appendContext ? [] : [{ type: 'item.add', item, afterItemId }];
  }
}

/** An answer of which nothing has come but a phrase: it is what the caller waits for. */
function isAwaited({ line, outcome, generatedSamples, prefaceSamples }: LineTrack): boolean {
  return outcome === null && line.modality === 'audio' && generatedSamples === prefaceSamples;
}

function itemOf(itemId: string, transcript: string, durationMs: number): MessageItem {
  return {
    kind: 'message',
    itemId,
    role: 'assistant',
    status: 'completed',
    content: [{ type: 'audio', transcript, durationMs }],
  };
}

function wordsOf({ content: [part] }: MessageItem): string {
  return part?.type === 'audio' ? (part.transcript ?? '') : '';
}

function withWords(item: MessageItem, transcript: string): MessageItem {
  const content = item.content.map((part) =>
    part.type === 'audio' ? { ...part, transcript } : part,
  );
  return { ...item, content };
}
