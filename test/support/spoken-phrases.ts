import { pcm24k } from '../../src/audio/format.ts';
import { answer } from './call-harness.ts';
import type { CallPhrases, SpokenPhrase } from '../../src/ports/phrases.ts';

/** A sentence whose words last 200 ms each. */
function phraseOf(text: string): SpokenPhrase {
  const words = text.split(' ').map((word, index) => ({
    text: word,
    startMs: index * 200,
    endMs: (index + 1) * 200,
  }));
  return { text, format: pcm24k, bytes: answer(words.length * 200), words };
}

/** What a call can say by itself: phrases of three words, and a last sentence of five. */
export function phrasesOf(given: Partial<CallPhrases> = {}): CallPhrases {
  return {
    holdAfterMs: 900,
    holding: () => phraseOf('One moment, please.'),
    last: () => phraseOf('This call has to end.'),
    ...given,
  };
}
