import { describe, expect, test } from 'vitest';
import { Director, type HeardLine } from '../../../../bench/turns/dialogues/director.ts';
import { generatorParameters } from '../../../../bench/turns/dialogues/parameters.ts';
import type {
  AgentTurn,
  CallerTurn,
  DialogueScript,
  Overlap,
} from '../../../../bench/turns/dialogues/script.ts';

const fragment = { text: 'yes', recording: null, targetMs: null, gap: null };

function exchange(
  overlap: Overlap,
  turn: Partial<CallerTurn> = {},
): { turn: CallerTurn; agent: AgentTurn } {
  return {
    turn: { kind: 'whole', fragments: [fragment], afterAgentMs: 1_200, ...turn },
    agent: { text: 'a', question: false, answerDelayMs: 300, overlap, reply: 'b' },
  };
}

/** A director of turns of 1 s and overlaps of 0.5 s, stepped every 20 ms. */
function stage(...exchanges: readonly ReturnType<typeof exchange>[]): {
  readonly director: Director;
  readonly said: string[];
  /** Steps to a time with the same agent. */
  to(untilMs: number, line?: (nowMs: number) => HeardLine | null): void;
} {
  const voice = { engine: 'flite', voice: 'slt' } as const;
  const script: DialogueScript = {
    index: 0,
    seed: 1,
    callerVoice: voice,
    recorded: false,
    agentVoice: voice,
    line: { snrDb: null, telephone: false, echo: null },
    exchanges,
  };
  const said: string[] = [];
  const director = new Director({
    script,
    parameters: generatorParameters,
    partOf: ({ part }) => ({
      lengthMs: part === 'turn' ? 1_000 : 500,
      gaps: part === 'turn' ? [{ kind: 'hold', startMs: 300, endMs: 550 }] : [],
    }),
    say: (name, notBeforeMs) => {
      said.push(`${name.part} ${name.exchange} ${notBeforeMs}`);
      return notBeforeMs;
    },
  });
  let now = 0;
  return {
    director,
    said,
    to(untilMs, line = () => null) {
      for (; now < untilMs; now += 20) director.step(now, line(now));
    },
  };
}

/** A line of 8 s that is heard from `fromMs` on. */
const line =
  (fromMs: number, lineId = 'a') =>
  (nowMs: number): HeardLine => ({
    lineId,
    startedAtMs: fromMs,
    lengthMs: 8_000,
    heardMs: nowMs - fromMs,
  });

const backchannel: Overlap = { kind: 'backchannel', place: 0.5, fragment };
const interruption: Overlap = { kind: 'interruption', place: 0, fragment };
const none: Overlap = { kind: 'none' };

describe('the caller of a dialogue', () => {
  test('speaks, waits, and speaks again after the agent', () => {
    const { director, said, to } = stage(exchange(none), exchange(none));
    to(3_000);
    to(11_000, line(3_000));
    to(14_000);
    expect(said).toEqual(['turn 0 1200', 'turn 1 12200']);
    expect(director.truth).toMatchObject([
      { type: 'turn', exchange: 0, startMs: 1_200, endMs: 2_200, early: false },
      { type: 'gap', exchange: 0, startMs: 1_500, endMs: 1_750 },
      { type: 'turn', exchange: 1, startMs: 12_200, early: false },
      { type: 'gap', exchange: 1 },
    ]);
  });

  test('says a backchannel in its place, once, and goes on when the line is over', () => {
    const { director, said, to } = stage(exchange(backchannel), exchange(none));
    to(3_000);
    // Between 1,000 ms in and 1,500 ms before the end: 3,750 ms in.
    to(7_500, line(3_000));
    expect(said).toEqual(['turn 0 1200', 'overlap 0 6760']);
    // The agent gives up at the backchannel and answers it.
    to(8_000);
    to(16_000, line(8_000, 'b'));
    expect(director.truth.filter(({ type }) => type === 'overlap')).toHaveLength(1);
  });

  test('waits for the reply to an interruption', () => {
    const { director, said, to } = stage(exchange(interruption), exchange(none));
    to(3_000);
    to(4_300, line(3_000));
    expect(said[1]).toBe('overlap 0 4000');
    to(5_500);
    expect(director.asked).toEqual({ exchange: 0, part: 'reply' });
    to(8_000, line(5_500, 'b'));
    to(9_500);
    expect(said[2]).toBe('turn 1 9200');
  });

  test('hears out an agent that does not notice the interruption, then asks no more', () => {
    const { director, said, to } = stage(exchange(interruption), exchange(none));
    to(3_000);
    to(11_000, line(3_000));
    to(20_000);
    expect(said).toHaveLength(3);
    expect(director.truth.some(({ type }) => type === 'noAnswer')).toBe(true);
  });

  test('answers early in the last second of the line', () => {
    const early = exchange(none, { kind: 'short', afterAgentMs: -400 });
    const { director, said, to } = stage(exchange(none), early);
    to(3_000);
    to(11_000, line(3_000));
    expect(said[1]).toBe('turn 1 10600');
    expect(director.truth.at(-2)).toMatchObject({ type: 'turn', early: true });
    // The line that it fell into is not its answer.
    to(12_000);
    to(13_000, line(12_000, 'b'));
    expect(director.overAtMs).toBeNull();
  });

  test('takes an answer that began inside its turn for the answer', () => {
    const { director, to } = stage(exchange(none), exchange(none));
    to(1_800);
    to(9_800, line(1_800));
    to(11_500);
    expect(director.truth.filter(({ type }) => type === 'turn')).toHaveLength(2);
  });

  test('gives up after six seconds', () => {
    const { director, to } = stage(exchange(none));
    to(8_400);
    expect(director.truth.at(-1)).toEqual({ type: 'noAnswer', exchange: 0, atMs: 8_200 });
    expect(director.overAtMs).toBe(9_400);
  });

  test('never speaks over itself, and always ends', () => {
    const { director, to } = stage(exchange(interruption), exchange(backchannel), exchange(none));
    // An agent that talks 700 ms out of every 1,000.
    to(120_000, (now) =>
      now % 1_000 < 700
        ? {
            lineId: `${Math.floor(now / 1_000)}`,
            startedAtMs: now - (now % 1_000),
            lengthMs: 8_000,
            heardMs: now % 1_000,
          }
        : null,
    );
    const speech = director.truth.filter(
      (event) => event.type === 'turn' || event.type === 'overlap',
    );
    for (const [index, { startMs }] of speech.entries()) {
      const before = speech[index - 1];
      if (before !== undefined) expect(startMs).toBeGreaterThanOrEqual(before.endMs);
    }
    expect(director.overAtMs).not.toBeNull();
  });
});
