import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Ear } from '../ear/ear.ts';
import { ownWire } from '../ear/own-wire.ts';
import { fixture } from '../ear/speech.ts';
import { agentsWire } from './agents-wire.ts';
import { FloorStage } from './floor-stage.ts';
import { plainAgent } from './table-agent.ts';
import { together } from './together.ts';

const committed = 'input_audio_buffer.committed';
/** The longest waits that the API documents, ms. */
const longestMs = { low: 8000, medium: 4000, high: 2000, auto: 4000 } as const;
type Eagerness = keyof typeof longestMs;

describe('semantic_vad', () => {
  let stage: FloorStage;
  let talks: ReturnType<typeof startTalks>;

  beforeAll(async () => {
    stage = await FloorStage.open({ counter: { firstNumbers: [0], words: 2 } });
    talks = startTalks(stage);
  });
  afterAll(() => stage.close());

  it('never waits longer than documented, and the eager less than the patient', async () => {
    const low = await talks.low();
    const medium = await talks.medium();
    const high = await talks.high();
    const auto = await talks.auto();
    for (const [eagerness, waitMs] of Object.entries({ low, medium, high, auto })) {
      expect(waitMs, eagerness).toBeGreaterThan(0);
      expect(waitMs, eagerness).toBeLessThan(longestMs[eagerness as Eagerness]);
    }
    expect(high).toBeLessThan(medium);
    expect(medium).toBeLessThan(low);
  });

  it('is what a stock agent asks for and is shown', async () => {
    const ear = await talks.stock();
    const updated = ear.events.filter(({ event }) => event.type === 'session.updated');
    expect(updated.length).toBeGreaterThan(0);
    for (const { event } of updated) {
      const { audio } = event['session'] as { audio: { input: { turn_detection: unknown } } };
      expect(audio.input.turn_detection).toEqual({
        type: 'semantic_vad',
        eagerness: 'auto',
        create_response: true,
        interrupt_response: true,
      });
    }
    expect(ear.types).not.toContain('error');
  });
});

function startTalks(stage: FloorStage) {
  const wait = async (eagerness: Eagerness): Promise<number> => {
    const detection = { type: 'semantic_vad', eagerness };
    const ear = await Ear.connect(ownWire({ url: stage.url('counter') }), {
      session: { type: 'realtime', audio: { input: { turn_detection: detection } } },
    });
    const { speechEndMs } = ear.say(fixture('thanks').samples);
    const { atMs } = await ear.waitFor(committed);
    await ear.untilQuiet(200);
    await ear.close();
    return atMs - speechEndMs;
  };
  return together({
    low: () => wait('low'),
    medium: () => wait('medium'),
    high: () => wait('high'),
    auto: () => wait('auto'),
    stock: async () => {
      const connect = agentsWire({ url: stage.url('counter'), agent: plainAgent() });
      const ear = await Ear.connect(connect);
      await ear.waitFor('session.updated');
      await ear.pause(500);
      await ear.close();
      return ear;
    },
  });
}
