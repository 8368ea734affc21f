import { describe, expect, it } from 'vitest';
import { backendSchemas } from '../../../src/composition/backend-types.ts';
import { BoundedQueue } from '../../../src/streams/bounded-queue.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { defaultPhrases } from '../../../src/ports/phrases.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { pcm24k } from '../../../src/audio/format.ts';
import { plainAgent } from '../../support/call-harness.ts';
import { readConfig } from '../../../src/server/config.ts';
import { silentLogger } from '../../../src/ports/log.ts';
import { SpokenPhrases } from '../../../src/server/spoken-phrases.ts';
import type { AgentDefinition, VoiceDeclaration } from '../../../src/ports/agent.ts';
import type {
  SpeechEvent,
  TextToSpeechPort,
  UtteranceOptions,
} from '../../../src/ports/text-to-speech.ts';

/** A voice in memory: 100 ms for each word. Voices of the type `broken` say nothing. */
class Voices {
  readonly said: string[] = [];
  made = 0;
  closed = 0;

  create({ type }: VoiceDeclaration): TextToSpeechPort {
    this.made += 1;
    return {
      type,
      capabilities: {
        inputStreaming: false,
        contexts: 1,
        cancel: 'abort',
        timing: 'none',
        spokenText: false,
        voices: null,
        styles: {},
        outputFormats: [{ codec: 'pcm16', rateHz: 16_000 }, pcm24k],
        sessionCapMs: null,
      },
      prepare: () => Promise.resolve(),
      open: () =>
        Promise.resolve({
          lost: new Promise<null>(() => undefined),
          close: () => undefined,
          speak: (options) => this.#speak(type, options),
        }),
      figures: () => ({}),
      close: () => {
        this.closed += 1;
        return Promise.resolve();
      },
    };
  }

  #speak(type: string, { format }: UtteranceOptions) {
    const events = new BoundedQueue<SpeechEvent>({ limit: 10, overflow: 'fail' });
    return {
      events,
      say: ({ text }: { readonly text: string }): void => {
        this.said.push(text);
        const samples = (text.split(' ').length * format.rateHz) / 10;
        if (type === 'broken') {
          events.push({ type: 'failed', error: new CallError('backend_closed', 'gone') });
        } else {
          events.push({ type: 'audio', bytes: new Uint8Array(samples * 2), pieceId: 0 });
        }
      },
      end: () => void events.push({ type: 'done' }),
      cancel: () => events.close(),
    };
  }
}

function opened(): { voices: Voices; phrases: SpokenPhrases } {
  const voices = new Voices();
  const phrases = new SpokenPhrases({
    create: (voice) => voices.create(voice),
    clock: new ManualClock(0),
    log: silentLogger,
  });
  return { voices, phrases };
}

const agent = (given: Partial<AgentDefinition>): AgentDefinition => ({ ...plainAgent, ...given });

describe('what calls can say without a backend', () => {
  it('is made once for all agents, by a voice that is let go', async () => {
    const { voices, phrases } = opened();
    const several = agent({ backends: ['a', 'b'] });
    phrases.configure([several, agent({ name: 'other', backends: ['b', 'a'] })]);
    expect(phrases.of(several)?.holding()).toBeNull();
    await phrases.made;
    expect(voices.said).toEqual([...defaultPhrases.holding, defaultPhrases.last]);
    expect(voices).toMatchObject({ made: 1, closed: 1 });
    const phrase = phrases.of(several)?.holding();
    expect(phrase).toMatchObject({ text: 'One moment, please.', format: pcm24k });
    expect(phrase?.bytes.byteLength).toBe(3 * 2400 * 2);
    expect(phrase?.words.map(({ text }) => text)).toEqual(['One', 'moment,', 'please.']);
    expect(phrase?.words.at(-1)?.endMs).toBeCloseTo(300);
    phrases.configure([several]);
    await phrases.made;
    expect(voices.made).toBe(1);
    phrases.configure([]);
    await phrases.made;
    expect(phrases.size).toBe(0);
    await phrases.close();
  });

  it('is nothing for an agent with one backend, unless it says what', async () => {
    const { voices, phrases } = opened();
    expect(phrases.of(agent({ backends: ['a'] }))).toBeNull();
    const own = agent({ backends: ['a'], handover: { lastWords: 'Sorry. Goodbye.' } });
    phrases.configure([own]);
    await phrases.made;
    expect(voices.said).toEqual(['Sorry. Goodbye.']);
    expect(phrases.of(own)?.last()).toMatchObject({ text: 'Sorry. Goodbye.' });
    expect(phrases.of(own)?.holding()).toBeNull();
    await phrases.close();
  });

  it('takes the phrases of an agent in turn, each call from the first', async () => {
    const { phrases } = opened();
    const own = agent({
      backends: ['a', 'b'],
      handover: { holdingPhrases: ['One.', 'Two.'], lastWords: null, holdAfterMs: 400 },
    });
    phrases.configure([own]);
    await phrases.made;
    const call = phrases.of(own);
    expect([1, 2, 3].map(() => call?.holding()?.text)).toEqual(['One.', 'Two.', 'One.']);
    expect(call).toMatchObject({ holdAfterMs: 400 });
    expect(call?.last()).toBeNull();
    expect(phrases.of(own)?.holding()?.text).toBe('One.');
    await phrases.close();
  });

  it('is silent where the voice fails, and leaves the others alone', async () => {
    const { voices, phrases } = opened();
    const broken = agent({
      backends: ['a', 'b'],
      handover: { voice: { type: 'broken', options: {} } },
    });
    const sound = agent({ name: 'other', backends: ['a', 'b'] });
    phrases.configure([broken, sound]);
    await phrases.made;
    expect(phrases.of(broken)?.holding()).toBeNull();
    expect(phrases.of(sound)?.holding()).not.toBeNull();
    expect(voices.closed).toBe(2);
    await phrases.close();
  });
});

describe('the configuration of it', () => {
  const read = (handover: object) =>
    readConfig(
      JSON.stringify({
        agents: { desk: { backends: ['parrot', 'rehearsal'], handover } },
      }),
      { env: {}, backendSchemas, readFile: () => '' },
    );

  it('reads the voice as a cascade reads its own', () => {
    const result = read({ voice: { type: 'flite', voice: 'kal16' }, holdingPhrases: ['Wait.'] });
    expect(result).toMatchObject({ ok: true });
    const found = result.ok
      ? result.config.directory.agents.find((it) => it.name === 'desk')
      : null;
    expect(found?.handover).toMatchObject({
      holdAfterMs: 900,
      holdingPhrases: ['Wait.'],
      voice: { type: 'flite', options: { pace: 1 } },
    });
  });

  it.each([
    [{ voice: { type: 'nobody' } }, 'voice'],
    [{ voice: { type: 'flite', loudness: 3 } }, 'loudness'],
    [{ holdAfterMs: 20 }, 'holdAfterMs'],
    [{ holdingPhrases: [''] }, 'holdingPhrases'],
  ])('says what is wrong with %j', (handover, where) => {
    const result = read(handover);
    expect(result.ok ? '' : JSON.stringify(result.problems)).toContain(where);
  });
});
