import { beforeAll, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import {
  answer,
  ask,
  audio,
  CallHarness,
  done,
  settle,
  silence,
} from '../../support/call-harness.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import { ScriptedBackend } from '../../support/scripted-backend.ts';
import { SpeechPace } from '../../../src/routing/speech-pace.ts';
import { unknownPace, type BackendHealth } from '../../../src/ports/health.ts';
import type { BackendEvent } from '../../../src/ports/backend.ts';

beforeAll(prepareResampler);

const failure = new CallError('backend_overloaded', 'busy');
/** Words of 180 ms, 80 ms apart. */
const soundMs = 180;
const slotMs = 260;
const words = ['one', 'two', 'six', 'ten', 'and', 'the', 'end', 'now', 'yes', 'why'];

function healthWith(speech: SpeechPace): BackendHealth {
  return {
    trusted: true,
    warned: false,
    pace: unknownPace,
    speech,
    openings: { free: true, tryTake: () => true, take: () => null },
    warm: { hold: () => null, adopted: () => undefined },
    firstAudio: () => undefined,
    overtaken: () => undefined,
    dried: () => undefined,
    missedDeadline: () => undefined,
  };
}

/** The first `audioMs` of all words, in pieces of 20 ms; each word's text comes so long after its sound began. */
function said(lineId: string, audioMs: number, lagMs: number): BackendEvent[] {
  const sound = Buffer.concat(words.flatMap(() => [answer(soundMs), silence(slotMs - soundMs)]));
  const textAtMs = words.map((_, at) => Math.max(0, at * slotMs + lagMs));
  const events: BackendEvent[] = [];
  let told = 0;
  for (let atMs = 0; atMs < audioMs; atMs += 20) {
    for (; told < words.length && textAtMs[told]! <= atMs; told += 1) {
      const delta = `${told === 0 ? '' : ' '}${words[told]}`;
      events.push({ type: 'line.text', lineId, delta, words: null });
    }
    const toMs = Math.min(atMs + 20, audioMs);
    events.push(audio(lineId, sound.subarray(atMs * 48, toMs * 48)));
  }
  return events;
}

/** A backend has said whole answers; then it dies after so much of another. */
async function brokenAfter(
  audioMs: number,
  {
    lagMs,
    answers = 1,
    callsTool = false,
  }: { lagMs: number; answers?: number; callsTool?: boolean },
) {
  const speech = new SpeechPace();
  const backends = [
    new ScriptedBackend({ name: 'first' }),
    new ScriptedBackend({ name: 'second' }),
  ];
  const definition = { name: 'find', description: null, parameters: null };
  const run = (): Promise<string> => new Promise(() => undefined);
  const tools = callsTool ? [{ definition, deadlineMs: 60_000, run }] : [];
  const harness = await CallHarness.open({ backends, tools, health: () => healthWith(speech) });
  const asked = async (): Promise<string> => {
    harness.ok(ask);
    await settle();
    return harness.last('line.opened').line.lineId;
  };
  for (let at = 0; at < answers; at += 1) {
    const lineId = await asked();
    const whole = said(lineId, words.length * slotMs, lagMs);
    const late = words.slice(whole.filter(({ type }) => type === 'line.text').length);
    const lateText = late.map((word): BackendEvent => ({
      type: 'line.text',
      lineId,
      delta: ` ${word}`,
      words: null,
    }));
    harness.session.emit(...whole, ...lateText, done(lineId));
    await harness.pass(words.length * slotMs + 500);
  }
  const lineId = await asked();
  harness.session.emit(...said(lineId, audioMs, lagMs));
  if (callsTool) {
    const call = { type: 'tool.called', lineId, name: 'find', arguments: '{}' } as const;
    harness.session.emit({ ...call, toolCallId: 'call_a' });
  }
  // All of it has been given away by then.
  await harness.pass(audioMs);
  harness.session.emit({ type: 'failed', error: failure });
  await settle();
  const lines = harness.backends[1]!.contexts[0]!.seed!.items;
  // What nobody has heard a word of is no item of its own.
  const broken = lines
    .slice(answers)
    .flatMap((item) => (item.kind === 'message' ? item.content : []));
  const text = broken
    .map((part) => (part.type === 'audio' ? (part.transcript ?? '') : ''))
    .join('');
  const { cause, overrides } = harness.last('line.opened').line;
  const notes = harness.backends[1]!.session.takeAll().flatMap((command) => {
    const item = command.type === 'item.add' ? command.item : null;
    if (item?.kind !== 'message' || item.role !== 'system') return [];
    return item.content.map((part) => (part.type === 'text' ? part.text : ''));
  });
  await harness.end();
  const toldWords = text.split(' ').filter((word) => word !== '');
  return { cause, instructions: overrides.instructions ?? '', toldWords, notes };
}

const unknownIn = (instructions: string): number =>
  Number(/You said about (\d+) words? more/.exec(instructions)?.[1] ?? 0);

describe('words that were heard when a backend died, and whose text had not come', () => {
  it('are told as so many, and not said again', async () => {
    const { cause, instructions, toldWords } = await brokenAfter(465, { lagMs: 300 });
    expect(cause).toBe('handover');
    expect(toldWords).toEqual(['one']);
    expect(instructions).toContain(
      'You said about 1 word more (0.2 s) that the caller heard and this text lacks',
    );
  });

  it('are told where no text at all had come', async () => {
    const { instructions, toldWords } = await brokenAfter(200, { lagMs: 300 });
    expect(toldWords).toEqual([]);
    expect(unknownIn(instructions)).toBe(1);
  });

  it('are none where the text came first: of that only what was heard is told', async () => {
    const { instructions, toldWords } = await brokenAfter(300, { lagMs: -600 });
    expect(toldWords).toEqual(['one']);
    expect(unknownIn(instructions)).toBe(0);
  });

  it('are told beside a tool that still runs, as its answer comes next', async () => {
    const { instructions, notes } = await brokenAfter(465, { lagMs: 300, callsTool: true });
    expect(instructions).toBe('');
    expect(notes.map(unknownIn)).toEqual([1]);
    expect(notes[0]).toMatch(
      /^You were interrupted by a technical fault\. You said about 1 word /u,
    );
  });

  it('are not spoken of where nothing is known of the backend yet', async () => {
    const { instructions } = await brokenAfter(465, { lagMs: 300, answers: 0 });
    expect(instructions).toMatch(/^Be brief\.\n\nYou were interrupted/u);
    expect(unknownIn(instructions)).toBe(0);
  });

  it('make with what is told as many as were heard, half words aside', async () => {
    const lags = fc.integer({ min: -500, max: 500 });
    const lengths = fc.integer({ min: 3, max: words.length * 26 - 10 }).map((tens) => tens * 10);
    await fc.assert(
      fc.asyncProperty(lengths, lags, async (audioMs, lagMs) => {
        const { instructions, toldWords } = await brokenAfter(audioMs, { lagMs });
        const count = toldWords.length + unknownIn(instructions);
        const heardOf = (word: number): number => audioMs - word * slotMs;
        // Of the last one that counts at least a little was heard, of the next one not all.
        if (count > 0) expect(heardOf(count - 1)).toBeGreaterThanOrEqual(60);
        expect(heardOf(count)).toBeLessThan(soundMs);
      }),
      { numRuns: 15, seed: 7 },
    );
  }, 60_000);
});
