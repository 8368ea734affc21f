import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Draws, seedOf } from '../../../../bench/turns/dialogues/draws.ts';
import { StandInEndScores } from '../../../../bench/turns/dialogues/end-scores.ts';
import { frozenRecord } from '../../../../bench/turns/dialogues/frozen.ts';
import { generateDialogue } from '../../../../bench/turns/dialogues/generate.ts';
import { cutInShare, holdMs } from '../../../../bench/turns/dialogues/holds.ts';
import { generatorParameters } from '../../../../bench/turns/dialogues/parameters.ts';
import { recognise, spreadWords } from '../../../../bench/turns/dialogues/transcript.ts';

const scripts = Array.from({ length: 400 }, (_, index) =>
  generateDialogue(index, generatorParameters),
);
const exchanges = scripts.flatMap((script) => script.exchanges);

describe('the generator of dialogues', () => {
  test('is the frozen one', () => {
    const file = new URL('../../../../bench/turns/FROZEN.json', import.meta.url);
    const record: unknown = JSON.parse(JSON.stringify(frozenRecord(generatorParameters)));
    expect(record).toEqual(JSON.parse(readFileSync(file, 'utf8')));
  });

  test('gives the same dialogue for the same number, and others for others', () => {
    expect(generateDialogue(7, generatorParameters)).toEqual(scripts[7]);
    expect(new Set(scripts.map((script) => JSON.stringify(script.exchanges))).size).toBe(400);
  });

  test('mixes overlaps 45 / 35 / 10 / 10', () => {
    const share = (kind: string): number =>
      exchanges.filter(({ agent }) => agent.overlap.kind === kind).length / exchanges.length;
    expect(share('backchannel')).toBeCloseTo(0.45, 1);
    expect(share('interruption')).toBeCloseTo(0.35, 1);
    expect(share('cough')).toBeCloseTo(0.1, 1);
    expect(share('none')).toBeCloseTo(0.1, 1);
  });

  test('draws holds from the published distribution', () => {
    const holds = exchanges
      .flatMap(({ turn }) => turn.fragments)
      .flatMap(({ gap }) => (gap?.kind === 'hold' ? [gap.lengthMs] : []));
    expect(holds.length).toBeGreaterThan(1_000);
    for (const delayMs of [250, 300, 450, 600, 1_000, 1_600]) {
      const longer = holds.filter((lengthMs) => lengthMs > delayMs).length / holds.length;
      expect(Math.abs(longer - cutInShare(delayMs)), `${delayMs} ms`).toBeLessThan(0.03);
    }
    expect(Math.min(...holds)).toBeGreaterThanOrEqual(200);
    expect(Math.max(...holds)).toBeLessThanOrEqual(3_000);
  });

  test('never gives caller and agent the same voice', () => {
    for (const { callerVoice, agentVoice } of scripts) expect(callerVoice).not.toEqual(agentVoice);
  });

  test('has early and late short answers, echoes and telephones', () => {
    const short = exchanges.filter(({ turn }) => turn.kind === 'short');
    const early = short.filter(({ turn }) => turn.afterAgentMs < 0).length / short.length;
    expect(early).toBeCloseTo(0.5, 1);
    const echoes = scripts.flatMap(({ line }) => (line.echo === null ? [] : [line.echo]));
    expect(echoes.length / scripts.length).toBeCloseTo(0.15, 1);
    for (const { delayMs, lossDb } of echoes) {
      expect(delayMs).toBeGreaterThanOrEqual(60);
      expect(delayMs).toBeLessThanOrEqual(400);
      expect(lossDb).toBeGreaterThanOrEqual(6);
      expect(lossDb).toBeLessThanOrEqual(20);
    }
    const telephones = scripts.filter(({ line }) => line.telephone).length / scripts.length;
    expect(telephones).toBeCloseTo(0.2, 1);
  });
});

describe('hold lengths', () => {
  test.each([
    [0, 200],
    [0.444, 300],
    [0.783, 600],
    [0.95, 1_600],
    [1, 3_000],
  ])('share %d is not longer than %d ms', (share, lengthMs) => {
    expect(holdMs(share)).toBeCloseTo(lengthMs, 6);
    expect(cutInShare(lengthMs)).toBeCloseTo(1 - share, 6);
  });

  test('shares outside of [0, 1] are refused', () => {
    expect(() => holdMs(1.01)).toThrow(RangeError);
  });
});

describe('stand-in transcripts', () => {
  const text = 'one two three four five six seven eight nine ten';
  const words = spreadWords(text, { startMs: 0, endMs: 4_000 });

  test('know each word 300 ms after its end, and end after 600 ms without one', () => {
    const heard = recognise(words, 1, generatorParameters);
    expect(heard).toHaveLength(10);
    for (const [index, word] of heard.entries()) {
      expect(word.atMs).toBeCloseTo(words[index]!.endMs + 300, 6);
      expect(word.finalAtMs).toBe(index === 9 ? 4_600 : null);
    }
  });

  test('get a tenth of the words wrong, the same ones for the same seed', () => {
    const many = Array.from({ length: 500 }, (_, seed) =>
      recognise(words, seed, generatorParameters),
    );
    const wrong = many.flat().filter((word, index) => word.text !== words[index % 10]!.text);
    expect(wrong.length / 5_000).toBeCloseTo(0.1, 1);
    expect(wrong.length).toBeGreaterThan(400);
    expect(wrong.length).toBeLessThan(600);
    expect(recognise(words, 3, generatorParameters)).toEqual(many[3]);
  });
});

describe('stand-in end-of-turn scores', () => {
  test.each([0.8, 0.9, 0.95])('separate ends from holds with an area of %d', (auc) => {
    const scores = new StandInEndScores(auc, 0);
    const draw = (isEnd: boolean): number[] =>
      Array.from({ length: 2_000 }, (_, index) =>
        scores.score(isEnd, seedOf(5, isEnd ? 'end' : 'hold', index), 0),
      );
    const [ends, holds] = [draw(true), draw(false)];
    let above = 0;
    for (const end of ends) for (const hold of holds) above += end > hold ? 1 : 0;
    expect(Math.abs(above / 4e6 - auc)).toBeLessThan(0.015);
  });

  test('stay about the same while a silence grows', () => {
    const scores = new StandInEndScores(0.9, 0.15);
    const asked = Array.from({ length: 8 }, (_, question) => scores.score(true, 11, question));
    expect(Math.max(...asked) - Math.min(...asked)).toBeLessThan(0.4);
    expect(new Set(asked).size).toBe(8);
  });

  test('are calibrated when ends are half of all silences', () => {
    const scores = new StandInEndScores(0.9, 0);
    const draws = new Draws(3);
    const asked = Array.from({ length: 20_000 }, (_, index) => {
      const isEnd = draws.chance(0.5);
      return { isEnd, score: scores.score(isEnd, index, 0) };
    }).filter(({ score }) => score > 0.6 && score < 0.8);
    const share = asked.filter(({ isEnd }) => isEnd).length / asked.length;
    expect(share).toBeCloseTo(0.7, 1);
  });
});
