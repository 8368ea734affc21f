import { countedSpeech } from '../../test/ear/counted-speech.ts';
import { fixture } from '../../test/ear/speech.ts';
import { judgedRateHz } from './judge.ts';
import { callerNumbers, callerWords, type Talk } from './script.ts';

/** Whether the caller ends her turns herself, or somebody has to hear that she is done. */
export type Turns = 'by hand' | 'heard';

/** So much of a voice is in front of the numbers where somebody has to hear her, ms. */
const voiceMs = 700;

/** A detector of voices takes no tones for one: it hears a voice, and the numbers are said in its wake. */
const heardTurns = {
  type: 'server_vad',
  threshold: 0.5,
  prefix_padding_ms: 300,
  silence_duration_ms: 1400,
};

/** What a session is asked to do about turns. */
export function turnDetection(turns: Turns): Readonly<Record<string, unknown>> | null {
  return turns === 'heard' ? heardTurns : null;
}

/** What the caller says in a turn, 24 kHz. */
export function callerSpeech(turn: number, turns: Turns, talk?: Talk): Float32Array {
  const [firstNumber = 0] = callerNumbers(turn, talk);
  const { samples } = countedSpeech({ firstNumber, words: callerWords, rateHz: judgedRateHz });
  if (turns === 'by hand') return samples;
  const voice = fixture('thanks').samples.subarray(0, (voiceMs * judgedRateHz) / 1000);
  const said = new Float32Array(voice.length + samples.length);
  said.set(voice);
  said.set(samples, voice.length);
  return said;
}
