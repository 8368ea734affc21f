import type { LogEntry } from '../../../src/ports/events.ts';

export type Lane = 'caller' | 'agent';

/** What happened, as the timeline shows it. */
export type MarkKind =
  | 'speech'
  | 'turn'
  | 'duck'
  | 'hold'
  | 'resume'
  | 'yield'
  | 'dismissed'
  | 'tool'
  | 'handover'
  | 'fault';

/** A moment on the timeline. */
export interface Mark {
  readonly kind: MarkKind;
  readonly lane: Lane;
  /** Call time, ms. */
  readonly atMs: number;
  readonly label: string;
}

/** A stretch in which somebody spoke, as the log has it; `toMs` is null while it goes on. */
export interface Span {
  readonly lane: Lane;
  readonly fromMs: number;
  toMs: number | null;
}

/** Names of the kinds, in the order of the legend. */
export const markNames: Readonly<Record<MarkKind, string>> = {
  speech: 'speech',
  turn: 'turn committed',
  duck: 'lowered',
  hold: 'held',
  resume: 'resumed',
  yield: 'yielded',
  dismissed: 'not an interruption',
  tool: 'tool',
  handover: 'handover',
  fault: 'fault',
};

/** The mark of an entry, if it has one. */
function markOf(entry: LogEntry): Mark | null {
  const mark = (kind: MarkKind, lane: Lane, label: string, atMs = entry.atMs): Mark => ({
    kind,
    lane,
    atMs,
    label,
  });
  switch (entry.type) {
    case 'speech.started':
      return mark('speech', 'caller', 'speech', entry.detectedAtMs);
    case 'turn.committed':
      return mark('turn', 'caller', `turn (${entry.cause})`);
    case 'speech.dismissed':
      return mark('dismissed', 'caller', entry.verdict);
    case 'agent.ducked':
      return mark('duck', 'agent', `−${Math.round(Math.abs(entry.gainDb))} dB`);
    case 'agent.held':
      return mark('hold', 'agent', 'held');
    case 'agent.resumed':
      return mark('resume', 'agent', 'resumed');
    case 'agent.cut':
      return mark('yield', 'agent', `yield (${entry.by})`);
    case 'tool.called':
      return mark('tool', 'agent', `tool ${entry.item.name}`);
    case 'tool.answered':
      return mark('tool', 'agent', `${entry.name ?? 'tool'}: ${entry.state}`);
    case 'handover.started':
      return mark('handover', 'agent', `${entry.from} → ${entry.to}`);
    case 'handover.done':
      return mark('handover', 'agent', `${entry.to} took over`);
    case 'backend.failed':
      return mark('fault', 'agent', `${entry.backend}: ${entry.code}`);
    case 'fault':
      return mark('fault', 'agent', entry.code);
  }
  return null;
}

/** Most marks and most spans that are kept of a call (a count each). */
const keptLimit = 5_000;

/** A call's log as marks and spans. Entries go in one by one, in order. */
export class MarkFold {
  readonly #marks: Mark[] = [];
  readonly #spans: Span[] = [];
  readonly #open = new Map<string, Span>();

  get marks(): readonly Mark[] {
    return this.#marks;
  }

  get spans(): readonly Span[] {
    return this.#spans;
  }

  push(entry: LogEntry): void {
    const mark = markOf(entry);
    if (mark !== null) keep(this.#marks, mark);
    switch (entry.type) {
      case 'speech.started':
        this.#begin(entry.itemId, 'caller', entry.detectedAtMs);
        return;
      case 'speech.stopped':
        this.#end(entry.itemId, entry.atMs);
        return;
      case 'line.first_audio':
        this.#begin(entry.lineId, 'agent', entry.atMs);
        return;
      case 'line.closed':
        this.#end(entry.lineId, entry.atMs);
        return;
      case 'call.closed':
        for (const key of [...this.#open.keys()]) this.#end(key, entry.atMs);
        return;
    }
  }

  #begin(key: string, lane: Lane, fromMs: number): void {
    const span: Span = { lane, fromMs, toMs: null };
    this.#open.set(key, span);
    keep(this.#spans, span);
  }

  #end(key: string, atMs: number): void {
    const span = this.#open.get(key);
    if (span === undefined) return;
    span.toMs = Math.max(span.fromMs, atMs);
    this.#open.delete(key);
  }
}

function keep<T>(list: T[], next: T): void {
  list.push(next);
  if (list.length > keptLimit) list.shift();
}
