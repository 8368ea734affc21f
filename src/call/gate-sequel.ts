import { discloses } from '../gate/disclosure.ts';
import { unasked, type LineRequest } from './line-request.ts';
import { WrapUp } from './wrap-up.ts';
import type { AgentLines } from './agent-lines.ts';
import type { BackendCapabilities } from '../ports/backend.ts';
import type { CallScope } from './scope.ts';
import type { CloseReason, LogEntry } from '../ports/events.ts';
import type { GateDefinition } from '../ports/gate.ts';
import type { LineTrack } from './line-track.ts';

export interface GateSequelOptions {
  readonly scope: CallScope;
  readonly lines: () => AgentLines;
  readonly capabilities: () => BackendCapabilities;
  readonly roundTripMs: () => number;
  readonly callerSpeaks: () => boolean;
  readonly respond: (request: LineRequest) => LineTrack;
  readonly close: (reason: CloseReason) => void;
}

/** What follows when a line was stopped: another sentence, the disclosure first, the end of the call. */
export class GateSequel {
  readonly #options: GateSequelOptions;
  #gate: GateDefinition;
  /** Lines that say what the operator wrote; word for word where the backend can. */
  readonly #sentences = new Set<LineTrack>();
  readonly #own = new WeakSet<LineTrack>();
  #wrapUp: WrapUp | null = null;
  #disclosed: boolean;
  #closing = false;

  constructor(gate: GateDefinition, options: GateSequelOptions) {
    this.#options = options;
    this.#gate = gate;
    this.#disclosed = gate.disclosure === null;
    options.scope.log.listen((entry) => this.#entry(entry));
  }

  /** From now on by this one. What was disclosed already need not be said again. */
  change(gate: GateDefinition): void {
    const { disclosure } = gate;
    const same = disclosure === this.#gate.disclosure && this.#disclosed;
    this.#gate = gate;
    this.#disclosed = disclosure === null || same;
  }

  /** Nothing but the disclosure may be said yet. */
  get owesDisclosure(): boolean {
    return !this.#disclosed;
  }

  /** The line says exactly what the operator wrote. */
  isOwn(track: LineTrack): boolean {
    return this.#own.has(track);
  }

  /** A line was stopped. */
  hit(track: LineTrack, rule: string): void {
    if (rule === 'disclosure' && !this.#sentences.has(track)) {
      this.#discloseFirst(track);
      return;
    }
    const { scope } = this.#options;
    const gate = this.#gate;
    const ends = gate.onHit === 'end' || gate.onHit === 'handover' || rule === 'disclosure';
    if (gate.onHit === 'handover' && !this.#closing) {
      const action = { kind: 'transfer', target: gate.handoverTo, reason: 'gate' } as const;
      scope.log.append({ type: 'call.action', action });
    }
    // A sentence that is stopped itself is not tried again.
    const words = gate.onHit === 'drop' || this.#sentences.has(track) ? null : gate.replacement;
    if (!ends) {
      if (words !== null) this.#say(words, () => undefined);
      return;
    }
    this.#closing = true;
    const end = (): void => this.#options.close({ kind: 'agent', reason: 'gate' });
    if (words === null) queueMicrotask(end);
    else this.#say(words, end);
  }

  /** Idempotent. */
  close(): void {
    this.#wrapUp?.close();
    this.#wrapUp = null;
  }

  /** The answer comes again, once the disclosure was heard. */
  #discloseFirst({ line: { cause } }: LineTrack): void {
    const { respond, scope } = this.#options;
    this.#say(this.#gate.disclosure ?? '', () => {
      if (!this.#disclosed || cause === 'stream') return;
      try {
        respond({ ...unasked, cause: cause === 'backend' ? 'turn' : cause });
      } catch (thrown) {
        const error = thrown instanceof Error ? thrown.message : 'unknown';
        scope.logger.warn('gate.not_answered', { error });
      }
    });
  }

  #say(words: string, onOver: () => void): void {
    this.#wrapUp?.close();
    this.#wrapUp = new WrapUp({
      ...this.#options,
      lines: this.#options.lines(),
      words,
      onOver,
      respond: (request) => {
        const track = this.#options.respond(request);
        this.#sentences.add(track);
        if (request.words !== undefined) this.#own.add(track);
        return track;
      },
    });
  }

  /** A disclosure counts when it was heard, whoever said it. */
  #entry(entry: LogEntry): void {
    const { disclosure } = this.#gate;
    if (this.#disclosed || disclosure === null) return;
    if (entry.type !== 'line.closed' && entry.type !== 'line.heard') return;
    if (!discloses(entry.extent.heardText, disclosure)) return;
    this.#disclosed = true;
    const by = [...this.#sentences].some(({ line }) => line.lineId === entry.lineId);
    const { lineId, atMs } = entry;
    const heardAtMs = atMs;
    this.#options.scope.log.append({
      type: 'gate.disclosed',
      lineId,
      by: by ? 'gate' : 'agent',
      heardAtMs,
    });
  }
}
