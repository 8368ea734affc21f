import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { levelOf } from '../ear/audible.ts';
import { hearNumbers } from '../ear/counted-speech.ts';
import { Ear } from '../ear/ear.ts';
import { speechRateHz } from '../ear/speech.ts';
import { halfHeardNumbers } from '../ear/half-words.ts';
import { ownWire } from '../ear/own-wire.ts';
import { agentsWire, type AgentsSide } from './agents-wire.ts';
import { cough, countFaults, FloorStage, levelled, murmurs, objection } from './floor-stage.ts';
import { orderViolations } from './order.ts';
import { plainAgent } from './table-agent.ts';
import { together } from './together.ts';

const speechStarted = 'input_audio_buffer.speech_started';
const words = 48;
const lines = [0, 100, 200, 300, 400];
/** Cuts are at least so far into a line, ms; the rest is random. */
const leastMs = 900;

/** Who has the floor, as a caller hears it: the running gateway, real detection, counted speech. */
describe('the floor', () => {
  let stage: FloorStage;
  let talks: ReturnType<typeof startTalks>;

  beforeAll(async () => {
    const counting = { firstNumbers: lines, words };
    stage = await FloorStage.open({
      patient: counting,
      stopped: counting,
      cut1: counting,
      cut2: counting,
      cut3: counting,
    });
    talks = startTalks(stage);
  });
  afterAll(() => stage.close());

  it(
    '[T20] [T23] a stock agent plays on through coughs and murmurs, every word once',
    { timeout: 60_000 },
    async () => {
      const { ear, side } = await talks.murmured();
      expect(side.dropped).toEqual([]);
      expect(side.errors).toEqual([]);
      const recording = ear.heard();
      const { extraMs, lost, ...faults } = countFaults(recording, { firstNumber: 0, words });
      expect(faults, JSON.stringify(ear.underruns)).toEqual({
        repeated: [],
        unsaid: [],
        damaged: [],
      });
      // One word under the last murmur may not be recognised: its 160 ms of sound are there, lowered.
      expect(lost.length, lost.join()).toBeLessThanOrEqual(1);
      expect(extraMs).toBeLessThanOrEqual(lost.length === 0 ? 20 : 160);
      expect(ear.types).not.toContain(speechStarted);
      expect(statuses(ear)).toEqual(['completed']);
      expect(orderViolations(ear.events.map(({ event }) => event))).toEqual([]);

      const log = await stage.log('patient');
      expect(log.filter(({ type }) => type === 'agent.cut')).toEqual([]);
      const ducked = log.filter((entry) => entry.type === 'agent.ducked');
      expect(ducked).toHaveLength(murmurs.length);
      expect(log.filter((entry) => entry.type === 'agent.resumed')).toHaveLength(murmurs.length);
      const dismissed = log.filter((entry) => entry.type === 'speech.dismissed');
      expect(dismissed.map(({ verdict }) => verdict)).toEqual(murmurs.map(() => 'backchannel'));
      // What was lowered was heard low, and the rest as loud as it was said.
      const levels = hearNumbers(levelled(recording), speechRateHz).map(
        ({ startSample, endSample }) =>
          Math.round(levelOf(recording, { fromSample: startSample, toSample: endSample })),
      );
      const usual = levels.toSorted((a, b) => b - a)[levels.length >> 1]!;
      const low = levels.filter((level) => level <= usual - 12);
      expect(low.length, levels.join()).toBeGreaterThanOrEqual(murmurs.length - 1);
      expect(low.length, levels.join()).toBeLessThanOrEqual(4 * murmurs.length);
    },
  );

  it('[T22] [T26] it stops for five interruptions, and knows what was heard', async () => {
    const { ear, side } = await talks.interrupted();
    expect(side.dropped).toEqual([]);
    expect(side.errors).toEqual([]);
    expectCuts(ear, 1);
    const log = await stage.log('stopped');
    expect(log.filter((entry) => entry.type === 'speech.interrupted')).toHaveLength(lines.length);
  });

  it('history is what the ear recorded, for 15 cuts in real time', async () => {
    let off = 0;
    for (const talk of [talks.cut1, talks.cut2, talks.cut3]) off += expectCuts(await talk(), 1);
    // Exact on a clock that stands still (test/property/call/history.test.ts); real clocks have edges.
    expect(off).toBeLessThanOrEqual(2);
  });
});

/**
 * Each line was cut once, and the item that the client was given holds the words that were heard.
 * @returns of how many lines the last word is disputed
 */
function expectCuts(ear: Ear, mostOff: number): number {
  let off = 0;
  expect(orderViolations(ear.events.map(({ event }) => event))).toEqual([]);
  expect(statuses(ear).slice(0, lines.length)).toEqual(lines.map(() => 'cancelled'));
  const retrieved = ear.events.filter(({ event }) => event.type === 'conversation.item.retrieved');
  const stops = ear.events.filter(({ event }) => event.type === speechStarted);
  expect(stops).toHaveLength(lines.length);
  for (const [i, first] of lines.entries()) {
    const recording = ear.heard(stops[i - 1]?.atMs ?? 0, stops[i]!.atMs);
    const inLine = halfHeardNumbers(recording, speechRateHz, first);
    // In order, from the first on, none twice.
    expect(inLine).toEqual(inLine.map((_, place) => first + place));
    const items = retrieved.map(({ event }) => transcriptOf(event['item']));
    const item = items.findLast((numbers) => numbers[0] === first) ?? [];
    const told = `heard ${inLine.join(' ')}, remembered ${item.join(' ')}`;
    expect(item.length, told).toBeGreaterThan(2);
    expect(Math.abs(item.length - inLine.length), told).toBeLessThanOrEqual(mostOff);
    if (item.length !== inLine.length) off += 1;
  }
  return off;
}

function transcriptOf(item: unknown): readonly number[] {
  const transcript = /"transcript":"([^"]*)"/.exec(JSON.stringify(item))?.[1] ?? '';
  return (transcript.match(/\d+/g) ?? []).map(Number);
}

function statuses(ear: Ear): readonly string[] {
  return ear.events
    .filter(({ event }) => event.type === 'response.done')
    .map(({ event }) => (event['response'] as { readonly status: string }).status);
}

function startTalks(stage: FloorStage) {
  const stock = async (
    name: string,
    talk: (ear: Ear) => Promise<void>,
  ): Promise<{ readonly ear: Ear; readonly side: AgentsSide }> => {
    const sides: AgentsSide[] = [];
    const connect = agentsWire({
      url: stage.url(name),
      agent: plainAgent(),
      onSession: (side) => sides.push(side),
    });
    const ear = await Ear.connect(connect, {
      playout: { bufferMs: 200 },
      onSpeechStarted: 'ignore',
    });
    await talk(ear);
    return { ear, side: sides[0]! };
  };
  const own = async (name: string): Promise<Ear> => {
    const connect = ownWire({ url: stage.url(name) });
    const ear = await Ear.connect(connect, { playout: { bufferMs: 200 }, acknowledges: true });
    await interrupted(ear, true);
    return ear;
  };
  return together({
    murmured: () => stock('patient', murmured),
    interrupted: () => stock('stopped', (ear) => interrupted(ear, false)),
    cut1: () => own('cut1'),
    cut2: () => own('cut2'),
    cut3: () => own('cut3'),
  });
}

/** Coughs and murmurs over one long answer. */
async function murmured(ear: Ear): Promise<void> {
  ear.send({ type: 'response.create' });
  await ear.untilPlaying(1000);
  for (const [i, murmur] of murmurs.entries()) {
    ear.say(cough(i + 1));
    await ear.pause(1100);
    ear.say(murmur);
    await ear.pause(1900);
  }
  await ear.waitFor('response.done', { timeoutMs: 30_000 });
  await ear.untilQuiet(300);
  await ear.close();
}

/** Speech over each answer, somewhere; the next answer is to that. */
async function interrupted(ear: Ear, retrieves: boolean): Promise<void> {
  ear.send({ type: 'response.create' });
  let from = 0;
  for (const first of lines) {
    await ear.waitFor('response.output_audio.delta', { from, timeoutMs: 20_000 });
    await ear.untilPlaying(leastMs + ((first * 7919) % 1500));
    ear.say(objection);
    const done = await ear.waitFor('response.done', { from });
    from = ear.events.indexOf(done) + 1;
    if (!retrieves) continue;
    const { output } = done.event['response'] as { readonly output: readonly { id: string }[] };
    await ear.pause(400);
    ear.send({ type: 'conversation.item.retrieve', item_id: output[0]!.id });
  }
  await ear.waitFor('response.created', { from, timeoutMs: 20_000 });
  ear.send({ type: 'response.cancel' });
  await ear.waitFor('response.done', { from });
  await ear.close();
}
