import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Ear } from '../ear/ear.ts';
import { judge, wasHeard } from '../ear/judge.ts';
import { ownWire } from '../ear/own-wire.ts';
import { fixture, speechRateHz, type FixtureName } from '../ear/speech.ts';
import { telephoneWire, wireFormats, type TelephoneFormats } from '../ear/telephone-wire.ts';
import { pcm24k, pcma8k, pcmu8k } from '../../src/audio/format.ts';
import { createResampler, prepareResampler } from '../../src/audio/resampler.ts';
import type { TestGateway } from '../support/gateway.ts';
import { openStage, stageKey } from './stage.ts';
import { together } from './together.ts';

const lines = {
  unequal: { input: pcmu8k, output: pcma8k },
  reversed: { input: pcma8k, output: pcmu8k },
  wideIn: { input: pcm24k, output: pcmu8k },
} as const satisfies Record<string, TelephoneFormats>;

/** Least correlation with the wide clip; measured 0.9988 (parrot) and 0.988 (rehearsal). */
const wideCorrelation = 0.97;

describe('over telephone formats, each way its own', () => {
  let stage: TestGateway;
  let calls: ReturnType<typeof startCalls>;

  beforeAll(async () => {
    await prepareResampler();
    stage = await openStage();
    calls = startCalls(stage.wsUrl);
  });
  afterAll(() => stage.close());

  it.each([
    ['parrot', 'µ-law in and A-law out', 'unequal', 'table'],
    ['parrot', 'A-law in and µ-law out', 'reversed', 'table'],
    ['parrot', 'PCM16 in and µ-law out', 'wideIn', 'table'],
    ['the rehearsal', 'µ-law in and A-law out', 'rehearsed', 'museum'],
  ] as const)('%s is heard whole: %s', async (_, _formats, name, clip) => {
    const call = await calls[name]();
    expect(call.ear.failures).toEqual([]);
    expect(call.ear.types).not.toContain('error');
    const heard = call.ear.heard(call.said.speechEndMs);
    const { samples } = fixture(clip);
    // A telephone has nothing above 4 kHz: whole is what the same clip without that is.
    const judgement = judge(heard, narrowed(samples), speechRateHz);
    expect(wasHeard(judgement), JSON.stringify(judgement)).toBe(true);
    expect(judgement.extraMs).toBe(0);
    expect(judge(heard, samples, speechRateHz).correlation).toBeGreaterThan(wideCorrelation);
  });

  it.each(['unequal', 'reversed', 'wideIn', 'rehearsed'] as const)(
    'every event that tells the formats tells the right ones: %s',
    async (name) => {
      const { ear, formats } = await calls[name]();
      const audio = wireFormats(formats);
      const last = (type: string): unknown =>
        ear.events.findLast(({ event }) => event.type === type)?.event;
      expect(last('session.updated')).toMatchObject({ session: { audio } });
      expect(last('response.created')).toMatchObject({
        response: { audio: { output: audio.output } },
      });
    },
  );

  it('what was appended and said is kept in the formats it came in', async () => {
    const { retrieved, judgedMs } = await calls.rehearsed();
    // One byte is one sample of 8,000 Hz.
    expect(retrieved.caller / 8 / judgedMs.caller).toBeGreaterThan(1);
    expect(retrieved.caller / 8).toBeLessThan(judgedMs.caller + 1500);
    expect(Math.abs(retrieved.agent / 8 - judgedMs.agent)).toBeLessThan(5);
  });
});

/** The clip as a line of 8,000 Hz lets it through, at its own rate. */
function narrowed(samples: Float32Array): Float32Array {
  let band = samples;
  for (const [fromHz, toHz] of [
    [speechRateHz, 8000],
    [8000, speechRateHz],
  ] as const) {
    const resampler = createResampler({ fromHz, toHz });
    band = Float32Array.from([...resampler.process(band), ...resampler.flush()]);
    resampler.close();
  }
  return band.subarray(0, samples.length);
}

/** What the caller says and what the agent answers with. */
interface Clips {
  readonly said: FixtureName;
  readonly heard: FixtureName;
}

async function converse(url: string, agent: string, clips: Clips, formats: TelephoneFormats) {
  const own = ownWire({ url: `${url}/v1/realtime`, agent, key: stageKey });
  const ear = await Ear.connect(telephoneWire(own, formats), {
    session: { type: 'realtime', audio: wireFormats(formats) },
  });
  const said = ear.say(fixture(clips.said).samples);
  await ear.waitFor('response.done');
  await ear.untilQuiet(300);
  const retrieved = {
    caller: await keptBytes(ear, 'user'),
    agent: await keptBytes(ear, 'assistant'),
  };
  await ear.close();
  const lengthMs = (name: FixtureName): number => fixture(name).samples.length / 24;
  const judgedMs = { caller: lengthMs(clips.said), agent: lengthMs(clips.heard) };
  return { ear, said, formats, retrieved, judgedMs };
}

/** Bytes of audio that an item comes with when it is asked for. */
async function keptBytes(ear: Ear, role: string): Promise<number> {
  const { event } = await ear.waitFor(
    (it) => it.type === 'conversation.item.done' && (it['item'] as ServerItem).role === role,
  );
  const from = ear.events.length;
  ear.send({ type: 'conversation.item.retrieve', item_id: (event['item'] as ServerItem).id });
  const answer = await ear.waitFor('conversation.item.retrieved', { from });
  const { content } = answer.event['item'] as ServerItem;
  return Buffer.from(content[0]?.audio ?? '', 'base64').byteLength;
}

interface ServerItem {
  readonly id: string;
  readonly role: string;
  readonly content: readonly { readonly audio?: string }[];
}

function startCalls(url: string) {
  const table = { said: 'table', heard: 'table' } as const;
  const museum = { said: 'thanks', heard: 'museum' } as const;
  return together({
    unequal: () => converse(url, 'parrot', table, lines.unequal),
    reversed: () => converse(url, 'parrot', table, lines.reversed),
    wideIn: () => converse(url, 'parrot', table, lines.wideIn),
    rehearsed: () => converse(url, 'speaker', museum, lines.unequal),
  });
}
