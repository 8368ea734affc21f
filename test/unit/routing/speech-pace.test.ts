import { describe, expect, it } from 'vitest';
import { SpeechPace } from '../../../src/routing/speech-pace.ts';

const answer = { characters: 40, words: 8, audioMs: 2000, lagsMs: [] };

describe('how the words of a backend lie on its sound', () => {
  it('is unknown until something has been said', () => {
    const pace = new SpeechPace();
    pace.said({ ...answer, audioMs: 1999 });
    expect(pace.figures).toBeNull();
    pace.said({ ...answer, audioMs: 499 });
    pace.said({ ...answer, words: 0 });
    expect(pace.figures).toBeNull();
    pace.said({ ...answer, audioMs: 2001 });
    expect(pace.figures).toEqual({ msPerCharacter: 50, msPerWord: 250, lagMs: null });
  });

  it('goes by the latest answers, and leaves out single pieces far off', () => {
    const pace = new SpeechPace();
    for (let at = 0; at < 20; at += 1) pace.said({ ...answer, audioMs: 9000 });
    for (let at = 0; at < 20; at += 1) {
      pace.said({ ...answer, lagsMs: [100, 120, -900, 110, 130, 140, 150, 160, 170, 2000] });
    }
    expect(pace.figures).toEqual({ msPerCharacter: 50, msPerWord: 250, lagMs: [100, 170] });
  });
});
