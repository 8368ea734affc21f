import { test } from '@fast-check/vitest';
import fc from 'fast-check';
import { expect } from 'vitest';
import {
  openClauses,
  stepClauses,
  type ClauseState,
} from '../../adapters/backends/cascade/text/clause-splitter.ts';
import { defaultClauseOptions, type Clause } from '../../adapters/backends/cascade/text/clause.ts';
import { writtenPosition } from '../../adapters/backends/cascade/text/mapped-text.ts';
import { noStyles } from '../../adapters/backends/cascade/text/style-tags.ts';
import { verbalise } from '../../adapters/backends/cascade/text/verbalise.ts';

const languages = fc.constantFrom('en', 'en-GB', 'de', 'fr', 'es', 'hi', 'zh', 'ja', 'ar', 'th');

/** Pieces that answers are made of, the awkward ones often. */
const piece = fc.oneof(
  fc.constantFrom(
    ...['Dr. ', 'e.g. ', 'z. B. ', 'U.S. ', 'J. R. ', '3. Mai ', '1,250.50 ', '10:30 a.m. ', '5%'],
    ...[
      '... ',
      '…',
      '? ',
      '! ',
      '. ',
      ', ',
      '; ',
      ': ',
      ' – ',
      '—',
      '"',
      '“',
      '”',
      '„',
      '« ',
      ' »',
    ],
    ...['(', ')', '[', '](https://x.example/y) ', '**', '_', '`', '\n', '\n\n', '\n- ', '\n## '],
    ...[
      '\n```\n',
      '```',
      '\n| a | b |\n',
      '\n1. ',
      '\n> ',
      '。',
      '！',
      '？',
      '、',
      '，',
      '」',
      '「',
    ],
    ...['।', '؟', '我们今天去北京', 'はい、そうです', 'नमस्ते', 'مرحبا', 'สวัสดี ', '😀', '👩‍👩‍👧‍👦', 'é'],
    ...['<whisper>', '</whisper>', '[cheerful]', '$5 million ', '2026-11-05 ', '+49 30 1234567 '],
    ...[
      'jo@mail.example ',
      'https://x.example/a.b ',
      '\u00a0',
      '\t',
      '   ',
      '\ud83d',
      '½',
      '-5 °C ',
    ],
  ),
  fc.stringMatching(/^[a-zA-Z]{1,12} $/u),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
  fc.integer({ min: 0, max: 1e9 }).map(String),
);
const answers = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''));
const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 40 });
const bare = (text: string): string => text.replaceAll(/\s+/gu, '');

const inPieces = (answer: string, lengths: readonly number[]): readonly string[] => {
  const deltas: string[] = [];
  for (let at = 0, turn = 0; at < answer.length; turn += 1) {
    const length = lengths[turn % lengths.length]!;
    deltas.push(answer.slice(at, at + length));
    at += length;
  }
  return deltas;
};

const splitAtOnce = (deltas: readonly string[], language: string): readonly Clause[] => {
  const options = { ...defaultClauseOptions, language };
  const clauses: Clause[] = [];
  let state = openClauses();
  for (const text of deltas) {
    const step = stepClauses(state, { type: 'delta', text }, 0, options);
    state = step.state;
    expect(state.text.length).toBeLessThanOrEqual(options.maxWeight + 1);
    clauses.push(...step.clauses);
  }
  return [...clauses, ...stepClauses(state, { type: 'end' }, 0, options).clauses];
};

const runs = { numRuns: 400, seed: 20_261_121 };

const keepsEverything = (answer: string, clauses: readonly Clause[]): void => {
  let at = 0;
  for (const { text, start, end } of clauses) {
    expect(start).toBeGreaterThanOrEqual(at);
    expect(answer.slice(at, start)).toMatch(/^\s*$/u);
    expect(answer.slice(start, end)).toBe(text);
    expect(text).not.toBe('');
    at = end;
  }
  expect(answer.slice(at)).toMatch(/^\s*$/u);
};

test.prop([answers, cuts, languages], runs)(
  'no text is lost, invented or moved',
  (answer, lengths, language) => {
    const clauses = splitAtOnce(inPieces(answer, lengths), language);
    expect(bare(clauses.map(({ text }) => text).join(''))).toBe(bare(answer));
    keepsEverything(answer, clauses);
  },
);

test.prop([answers, cuts, cuts, languages], runs)(
  'however the answer is cut into deltas, the clauses are the same',
  (answer, lengths, others, language) => {
    const clauses = splitAtOnce(inPieces(answer, lengths), language);
    expect(splitAtOnce(inPieces(answer, others), language)).toEqual(clauses);
    expect(splitAtOnce([answer], language)).toEqual(clauses);
  },
);

const gaps = fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 1, maxLength: 40 });

test.prop([answers, cuts, gaps, languages], runs)(
  'no character waits longer than the limit, and text is kept when waits end clauses',
  (answer, lengths, waits, language) => {
    const options = { ...defaultClauseOptions, language, maxWaitMs: 1000, waitMs: 700 };
    const cameAtMs: number[] = [];
    const clauses: Clause[] = [];
    let state: ClauseState = openClauses();
    let wakeAtMs: number | undefined;
    let nowMs = 0;
    const take = (step: ReturnType<typeof stepClauses>): void => {
      ({ state, wakeAtMs } = step);
      for (const clause of step.clauses) {
        clauses.push(clause);
        expect(nowMs - cameAtMs[clause.start]!).toBeLessThanOrEqual(options.maxWaitMs);
      }
      if (wakeAtMs !== undefined) expect(wakeAtMs).toBeGreaterThan(nowMs);
    };
    inPieces(answer, lengths).forEach((text, turn) => {
      const nextMs = nowMs + waits[turn % waits.length]!;
      while (wakeAtMs !== undefined && wakeAtMs <= nextMs) {
        nowMs = wakeAtMs;
        take(stepClauses(state, { type: 'tick' }, nowMs, options));
      }
      nowMs = nextMs;
      cameAtMs.push(...new Array<number>(text.length).fill(nowMs));
      take(stepClauses(state, { type: 'delta', text }, nowMs, options));
    });
    while (wakeAtMs !== undefined) {
      nowMs = wakeAtMs;
      take(stepClauses(state, { type: 'tick' }, nowMs, options));
    }
    expect(state.text).toBe('');
    take(stepClauses(state, { type: 'end' }, nowMs, options));
    keepsEverything(answer, clauses);
  },
);

test.prop([answers, languages], runs)(
  'whatever is said keeps its way back to what was written',
  (answer, language) => {
    const options = { language, dictionary: [], voiceStyles: { whisper: 'soft' } };
    let open = noStyles;
    for (const clause of splitAtOnce([answer], language)) {
      const spoken = verbalise(clause, options, open);
      expect(verbalise(clause, options, open)).toEqual(spoken);
      open = spoken.open;
      let at = 0;
      let written = 0;
      for (const span of spoken.spans) {
        expect(span.spokenStart).toBe(at);
        expect(span.spokenEnd).toBeGreaterThan(at);
        expect(span.writtenStart).toBeGreaterThanOrEqual(0);
        expect(span.writtenEnd).toBeLessThanOrEqual(clause.text.length);
        if (span.verbatim)
          expect(bare(clause.text.slice(span.writtenStart, span.writtenEnd))).toBe(
            bare(spoken.text.slice(span.spokenStart, span.spokenEnd)),
          );
        at = span.spokenEnd;
      }
      expect(at).toBe(spoken.text.length);
      for (let heard = 0; heard <= at; heard += 1) {
        const position = writtenPosition(spoken.spans, heard);
        expect(position).toBeGreaterThanOrEqual(written);
        written = position;
      }
      for (const { spokenStart, spokenEnd } of spoken.styles)
        expect(spokenEnd).toBeGreaterThan(spokenStart);
    }
  },
);

const words = fc.array(fc.constantFrom('the', 'room', 'is', 'free', 'today', 'and', 'quiet'), {
  minLength: 1,
  maxLength: 20,
});

test.prop([words, languages], runs)(
  'plain words are said as they are written',
  (list, language) => {
    const text = list.join(' ');
    const spoken = verbalise(
      { text, kind: 'paragraph' },
      { language, dictionary: [], voiceStyles: {} },
      noStyles,
    );
    expect(spoken.text).toBe(text);
    expect(spoken.spans).toHaveLength(1);
  },
);

test.prop([answers], runs)(
  'no markup, emoji or tag is left in what is said in English',
  (answer) => {
    const options = { language: 'en', dictionary: [], voiceStyles: {} };
    for (const clause of splitAtOnce([answer], 'en')) {
      const { text } = verbalise(clause, options, noStyles);
      expect(text).not.toMatch(/\*\*|`|<\/?whisper>|\[cheerful\]|😀|👩|\]\(|^#{1,6} /u);
      expect(text).not.toMatch(/ {2}|^ | $/u);
    }
  },
);
