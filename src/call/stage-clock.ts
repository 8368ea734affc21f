import { AnsweredTurn } from './answered-turn.ts';
import type { LineStage } from '../ports/backend.ts';
import type { LogEntry } from '../ports/events.ts';
import { turnStages, type TurnStage, type TurnStages } from '../ports/stages.ts';

/** Turns and lines watched at once (a count each); older ones are given up. */
const watchedLimit = 32;

/** A turn that nothing has been heard in answer to. */
interface Waiting {
  readonly itemId: string;
  /** `null`: not committed yet, or nobody knows. */
  speechEndAtMs: number | null;
  decidedAtMs: number | null;
  /** Lines opened in answer to it (a count). */
  lines: number;
  /** When the caller's words were known, told by whichever line. */
  transcriptAtMs: number | null;
  /** The first line whose first audible sample reached the ear before the turn was committed. */
  heard: (HeardLine & { readonly line: Answer }) | null;
}

/** A line that may be the first one to be heard. */
interface Answer {
  readonly lineId: string;
  readonly turn: Waiting;
  readonly ordinal: number;
  readonly openedAtMs: number;
  readonly reachedAtMs: Partial<Record<LineStage, number>>;
  audibleAtMs: number | null;
}

interface HeardLine {
  readonly heardAtMs: number;
  readonly by: 'acknowledgement' | 'clock';
}

/**
 * The stage clock: folds a call's log into where the silence after each turn went. It stops for a turn
 * when the first audible sample of the first line that can be heard has reached the ear. Turns that
 * are taken back, and answers that are cut before, have no stages.
 */
export class StageClock {
  readonly #answered = new AnsweredTurn();
  readonly #turns = new Map<string, Waiting>();
  readonly #lines = new Map<string, Answer>();

  /** Takes the next entry. @returns the stages of the turn whose answer began to be heard */
  push(entry: LogEntry): TurnStages | null {
    this.#answered.push(entry);
    if (entry.type === 'turn.committed') return this.#committed(entry);
    if (entry.type === 'line.first_heard') return this.#heard(entry);
    if (entry.type === 'turn.retracted') this.#turns.delete(entry.itemId);
    else if (entry.type === 'line.opened') this.#opened(entry);
    else if (entry.type === 'line.stage') this.#reached(entry);
    else if (entry.type === 'agent.cut') this.#lines.delete(entry.lineId);
    else if (entry.type === 'line.first_audio') {
      const answer = this.#lines.get(entry.lineId);
      if (answer !== undefined) answer.audibleAtMs = entry.atMs;
    } else if (entry.type === 'line.closed') {
      // What was given is heard a little later than the line closes.
      if (this.#lines.get(entry.lineId)?.audibleAtMs === null) this.#lines.delete(entry.lineId);
    }
    return null;
  }

  #committed(entry: LogEntry & { readonly type: 'turn.committed' }): TurnStages | null {
    if (entry.cause === 'idle') return null;
    const turn = this.#turnOf(entry.itemId);
    turn.speechEndAtMs = entry.speechEndAtMs;
    turn.decidedAtMs = entry.atMs;
    return turn.heard === null ? null : this.#stop(turn, turn.heard.line, turn.heard);
  }

  #opened({ line, atMs }: LogEntry & { readonly type: 'line.opened' }): void {
    if (line.epoch === null) return;
    const itemId = this.#answered.of(line.cause);
    if (itemId === null) return;
    const byItself = line.cause === 'stream' || line.cause === 'backend';
    const turn = this.#turns.get(itemId) ?? (byItself ? this.#early(itemId) : undefined);
    if (turn === undefined) return;
    turn.lines += 1;
    const { lineId } = line;
    const ordinal = turn.lines;
    const answer = { lineId, turn, ordinal, openedAtMs: atMs, reachedAtMs: {}, audibleAtMs: null };
    this.#lines.set(lineId, answer);
    forgetOldest(this.#lines);
  }

  #reached(entry: LogEntry & { readonly type: 'line.stage' }): void {
    const answer = this.#lines.get(entry.lineId);
    if (answer === undefined) return;
    answer.reachedAtMs[entry.stage] = entry.reachedAtMs;
    if (entry.stage === 'transcript') answer.turn.transcriptAtMs ??= entry.reachedAtMs;
  }

  #heard(entry: LogEntry & { readonly type: 'line.first_heard' }): TurnStages | null {
    const line = this.#lines.get(entry.lineId);
    if (line === undefined) return null;
    this.#lines.delete(entry.lineId);
    const { turn } = line;
    if (this.#turns.get(turn.itemId) !== turn) return null;
    const heard = { heardAtMs: entry.heardAtMs, by: entry.by };
    if (turn.decidedAtMs !== null) return this.#stop(turn, line, heard);
    turn.heard ??= { ...heard, line };
    return null;
  }

  /** The first that is heard is what ends the silence. */
  #stop(turn: Waiting, line: Answer, heard: HeardLine): TurnStages | null {
    this.#turns.delete(turn.itemId);
    return turn.speechEndAtMs === null ? null : stagesOf(turn, line, heard);
  }

  /** A turn that its backend answers before the commit; one that was answered is not begun again. */
  #early(itemId: string): Waiting | undefined {
    return this.#answered.isCurrent(itemId) ? undefined : this.#turnOf(itemId);
  }

  #turnOf(itemId: string): Waiting {
    const known = this.#turns.get(itemId);
    if (known !== undefined) return known;
    const turn: Waiting = {
      itemId,
      speechEndAtMs: null,
      decidedAtMs: null,
      lines: 0,
      transcriptAtMs: null,
      heard: null,
    };
    this.#turns.set(itemId, turn);
    forgetOldest(this.#turns);
    return turn;
  }
}

function stagesOf(turn: Waiting, line: Answer, { heardAtMs, by }: HeardLine): TurnStages {
  // Where a backend answers by itself, it had decided when it began, whenever that was told.
  const decidedAtMs = Math.min(turn.decidedAtMs ?? line.openedAtMs, line.openedAtMs);
  const reached: Readonly<Record<TurnStage, number | null>> = {
    decided: decidedAtMs,
    transcript: line.reachedAtMs.transcript ?? turn.transcriptAtMs,
    first_token: line.reachedAtMs.first_token ?? null,
    first_clause: line.reachedAtMs.first_clause ?? null,
    first_synthesis: line.reachedAtMs.first_synthesis ?? null,
    first_audible: line.audibleAtMs,
    first_heard: heardAtMs,
  };
  const startUs = microseconds(turn.speechEndAtMs ?? decidedAtMs);
  const endUs = Math.max(startUs, microseconds(heardAtMs));
  const partsMs: Partial<Record<TurnStage, number | null>> = {};
  const aheadMs: Partial<Record<TurnStage, number>> = {};
  let beforeUs = startUs;
  for (const stage of turnStages) {
    const atMs = reached[stage];
    if (atMs === null) {
      partsMs[stage] = null;
      continue;
    }
    // Whole microseconds: parts add up to the whole without a rest. Nothing is later than the end.
    const atUs = Math.min(endUs, Math.max(beforeUs, microseconds(atMs)));
    partsMs[stage] = (atUs - beforeUs) / 1000;
    beforeUs = atUs;
    if (atMs < decidedAtMs) aheadMs[stage] = microseconds(decidedAtMs - atMs) / 1000;
  }
  return {
    itemId: turn.itemId,
    lineId: line.lineId,
    line: line.ordinal,
    speechEndAtMs: startUs / 1000,
    silenceMs: (endUs - startUs) / 1000,
    partsMs: partsMs as Record<TurnStage, number | null>,
    aheadMs,
    heardBy: by,
  };
}

function microseconds(ms: number): number {
  return Math.round(ms * 1000);
}

function forgetOldest(watched: Map<string, unknown>): void {
  if (watched.size <= watchedLimit) return;
  watched.delete(watched.keys().next().value!);
}
