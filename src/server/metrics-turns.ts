import { Counter, Histogram, type Registry } from 'prom-client';
import type { LogEntry } from '../ports/events.ts';
import { turnStages, type TurnStages } from '../ports/stages.ts';

const labels = ['agent', 'backend'] as const;

interface OfCall {
  readonly agent: string;
  readonly backend: string;
}

/** Entries that are about turns. */
export type TurnEntry = LogEntry & {
  readonly type:
    | 'agent.ducked'
    | 'speech.interrupted'
    | 'speech.dismissed'
    | 'turn.committed'
    | 'turn.retracted'
    | 'speculation.ended'
    | 'agent.slow';
};

/** What became of speech over the agent, of answers begun early, and how fast all of it went. */
export class TurnMetrics {
  readonly #duck: Histogram<(typeof labels)[number]>;
  readonly #yield: Histogram<(typeof labels)[number]>;
  readonly #overlaps: Counter<(typeof labels)[number] | 'verdict'>;
  readonly #turns: Counter<(typeof labels)[number] | 'cause'>;
  readonly #retracted: Counter<(typeof labels)[number]>;
  readonly #speculations: Counter<(typeof labels)[number] | 'outcome'>;
  readonly #speculated: Counter<(typeof labels)[number] | 'outcome'>;
  readonly #slow: Counter<(typeof labels)[number]>;
  readonly #stages: Histogram<(typeof labels)[number] | 'stage'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#duck = new Histogram({
      name: 'parley_duck_seconds',
      help: 'Onset of caller speech in the wave to the first lowered sample given to the client.',
      labelNames: labels,
      buckets: [0.05, 0.08, 0.1, 0.13, 0.16, 0.2, 0.25, 0.3, 0.4, 0.6, 1],
      registers,
    });
    this.#yield = new Histogram({
      name: 'parley_yield_seconds',
      help: 'Detected onset of an interruption to the verdict that cut the agent.',
      labelNames: labels,
      buckets: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1, 1.5, 2],
      registers,
    });
    this.#overlaps = new Counter({
      name: 'parley_overlaps_total',
      help: 'Caller speech over the agent by verdict: interruption, backchannel, echo, noise.',
      labelNames: [...labels, 'verdict'],
      registers,
    });
    this.#turns = new Counter({
      name: 'parley_turns_total',
      help: "The caller's turns by what ended them.",
      labelNames: [...labels, 'cause'],
      registers,
    });
    this.#retracted = new Counter({
      name: 'parley_turns_retracted_total',
      help: 'Turns that the caller went on with before their answer was heard.',
      labelNames: labels,
      registers,
    });
    this.#speculations = new Counter({
      name: 'parley_speculations_total',
      help: 'Answers begun before the turn was over, by outcome: adopted or dropped.',
      labelNames: [...labels, 'outcome'],
      registers,
    });
    this.#speculated = new Counter({
      name: 'parley_speculated_seconds_total',
      help: 'How long they had been going on when that was decided.',
      labelNames: [...labels, 'outcome'],
      registers,
    });
    this.#slow = new Counter({
      name: 'parley_agent_slow_total',
      help: 'Answers without a sound when the watchdog looked (3 s).',
      labelNames: labels,
      registers,
    });
    this.#stages = new Histogram({
      name: 'parley_stage_seconds',
      help: 'The silence before an answer, in parts: from the stage before to this one. They add up.',
      labelNames: [...labels, 'stage'],
      buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2.5, 5, 10],
      registers,
    });
  }

  /** An answer began to be heard. */
  answered(of: OfCall, { partsMs }: TurnStages): void {
    for (const stage of turnStages) {
      const partMs = partsMs[stage];
      if (partMs !== null) this.#stages.observe({ ...of, stage }, partMs / 1000);
    }
  }

  entry(of: OfCall, entry: TurnEntry): void {
    switch (entry.type) {
      case 'agent.ducked':
        if (entry.onsetAtMs === null) return;
        this.#duck.observe({ ...of }, Math.max(0, entry.atMs - entry.onsetAtMs) / 1000);
        return;
      case 'speech.interrupted':
        // A key is no speech, and nothing about it was judged.
        if (entry.by === 'key') return;
        this.#overlaps.inc({ ...of, verdict: 'interruption' });
        this.#yield.observe({ ...of }, entry.judgedMs / 1000);
        return;
      case 'speech.dismissed':
        this.#overlaps.inc({ ...of, verdict: entry.verdict });
        return;
      case 'turn.committed':
        this.#turns.inc({ ...of, cause: entry.cause });
        return;
      case 'turn.retracted':
        this.#retracted.inc({ ...of });
        return;
      case 'speculation.ended':
        this.#speculations.inc({ ...of, outcome: entry.outcome });
        this.#speculated.inc({ ...of, outcome: entry.outcome }, entry.ageMs / 1000);
        return;
      case 'agent.slow':
        this.#slow.inc({ ...of });
        return;
    }
  }
}
