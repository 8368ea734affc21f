import {
  rehearsalBackend,
  rehearsalOptionsSchema,
  type RehearsalBackend,
} from '../../../adapters/backends/rehearsal/index.ts';
import { writeWav } from '../../../src/audio/wav.ts';
import type { Call } from '../../../src/call/running.ts';
import type { BackendEvent, BackendPort } from '../../../src/ports/backend.ts';
import type { ConversationItem } from '../../../src/ports/conversation.ts';
import type { LogEntry } from '../../../src/ports/events.ts';
import { silentLogger } from '../../../src/ports/log.ts';
import { countingIds } from '../../../src/time/ids.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { countedSpeech } from '../../ear/counted-speech.ts';
import { halfHeardNumbers } from '../../ear/half-words.ts';
import { Ear } from '../../ear/ear.ts';
import { plainAgent, settle } from '../../support/call-harness.ts';
import { EnergyDetector } from '../../support/energy-detector.ts';
import { memoryWire } from './memory-wire.ts';

const rateHz = 24_000;
/** A counted word: 180 ms of sound in two halves, then 80 ms of silence. */
const wordMs = 260;
const soundMs = 180;
const words = 40;

/** How a line is cut. */
export type CutKind = 'speech' | 'interrupt' | 'cancel' | 'key' | 'clear' | 'truncate';

export interface Cut {
  readonly kind: CutKind;
  /** How long the agent has been playing, ms. */
  readonly afterMs: number;
  /** First number of the line. */
  readonly firstNumber: number;
  /** Time under way, each direction, ms. */
  readonly oneWayMs: number;
  /** The caller's playout buffer, ms. */
  readonly bufferMs: number;
  /** The client says what it plays; else it only says where it stopped. */
  readonly acknowledges: boolean;
  /** The backend times its words. */
  readonly wordTimes: boolean;
}

/** What became of a line that was cut, from each side. */
export interface CutLine {
  /** Numbers of which the ear's recording holds at least half, up to the cut. */
  readonly ear: readonly number[];
  /** What the client is given when it asks for the item. */
  readonly view: readonly number[];
  readonly conversation: readonly number[];
  /** What the backend believes it said. */
  readonly backend: readonly number[];
  readonly wordsBy: string;
  readonly heardBy: string;
}

/** Plays cuts on one manual clock, all at once. */
export async function playCuts(cuts: readonly Cut[]): Promise<readonly CutLine[]> {
  const clock = new ManualClock(1000);
  const playing = Promise.all(cuts.map((cut) => playCut(cut, clock)));
  const over = new AbortController();
  const end = (): void => over.abort();
  playing.then(end, end);
  for (let step = 0; step < 6000 && !over.signal.aborted; step += 1) {
    clock.advance(5);
    await settle();
  }
  return await playing;
}

async function playCut(cut: Cut, clock: ManualClock): Promise<CutLine> {
  const backend = countingBackend(cut.firstNumber);
  let call: Call | undefined;
  const connect = memoryWire({
    oneWayMs: cut.oneWayMs,
    onCall: (made) => (call = made),
    call: {
      callId: `call_${cut.firstNumber}`,
      agent: { ...plainAgent, backends: ['counting'] },
      backends: [cut.wordTimes ? backend : withoutWordTimes(backend)],
      detector: new EnergyDetector(),
      tools: [],
      clock,
      ids: countingIds(),
      log: silentLogger,
      observers: [],
      onClosed: () => undefined,
    },
  });
  const ear = await Ear.connect(connect, {
    clock,
    playout: { bufferMs: cut.bufferMs },
    acknowledges: cut.acknowledges,
    line: { noiseDbfs: null },
  });
  ear.send({ type: 'response.create' });
  const added = await ear.waitFor('response.output_item.added');
  const { id: itemId } = added.event['item'] as { readonly id: string };
  await ear.untilPlaying(cut.afterMs);
  const stoppedAtMs = await cutNow(ear, cut, itemId);
  await ear.pause(500);
  const from = ear.events.length;
  ear.send({ type: 'conversation.item.retrieve', item_id: itemId });
  const retrieved = await ear.waitFor('conversation.item.retrieved', { from });
  const line: CutLine = {
    ear: halfHeardNumbers(ear.heard(0, stoppedAtMs), rateHz, cut.firstNumber),
    view: numbersIn(JSON.stringify(retrieved.event['item'])),
    conversation: numbersIn(JSON.stringify(call!.seed().items.find(isItem(itemId)))),
    backend: numbersIn(backend.believed(call!.callId)?.at(0)?.text ?? ''),
    ...extentOf(call!.entries),
  };
  await ear.close();
  return line;
}

/** Cuts, and waits until the caller hears nothing more. @returns when that was, ear time */
async function cutNow(ear: Ear, { kind }: Cut, itemId: string): Promise<number> {
  const from = ear.events.length;
  switch (kind) {
    case 'speech': {
      ear.say(voice(1200));
      const started = await ear.waitFor('input_audio_buffer.speech_started', { from });
      return started.atMs;
    }
    case 'key': {
      ear.send({ type: 'parley.push_to_talk', pressed: true });
      const started = await ear.waitFor('input_audio_buffer.speech_started', { from });
      return started.atMs;
    }
    case 'interrupt':
      ear.send({ type: 'parley.interrupt' });
      break;
    case 'cancel':
      ear.send({ type: 'response.cancel' });
      break;
    case 'clear':
      ear.send({ type: 'output_audio_buffer.clear' });
      break;
    case 'truncate':
      ear.stop();
      ear.send({
        type: 'conversation.item.truncate',
        item_id: itemId,
        content_index: 0,
        audio_end_ms: ear.playedMs(itemId),
      });
      return ear.nowMs;
  }
  const done = await ear.waitFor('response.done', { from });
  return done.atMs;
}

function countingBackend(firstNumber: number): RehearsalBackend {
  const { samples, numbers } = countedSpeech({ firstNumber, words, rateHz });
  const wav = writeWav({ rateHz, channels: [samples] });
  const times = numbers.map((number, i) => ({
    text: String(number),
    startMs: i * wordMs,
    endMs: i * wordMs + soundMs,
  }));
  const options = rehearsalOptionsSchema.parse({
    script: { turns: [{ text: numbers.join(' '), audio: 'numbers.wav', words: times }] },
    firstAudioMs: { p50: 100, p95: 150 },
  });
  return rehearsalBackend('counting', options, { readFile: () => Promise.resolve(wav) });
}

/** The same backend, but nobody knows when its words are said. */
function withoutWordTimes(backend: BackendPort): BackendPort {
  const { transcripts } = backend.capabilities;
  return {
    ...backend,
    capabilities: { ...backend.capabilities, transcripts: { ...transcripts, wordTimes: false } },
    open: async (context, signal) => {
      const session = await backend.open(context, signal);
      return { ...bound(session), events: untimed(session.events) };
    },
  };
}

function bound(session: Awaited<ReturnType<BackendPort['open']>>): typeof session {
  return {
    send: (command) => session.send(command),
    events: session.events,
    close: () => session.close(),
  };
}

async function* untimed(events: AsyncIterable<BackendEvent>): AsyncGenerator<BackendEvent> {
  for await (const event of events) {
    yield event.type === 'line.text' ? { ...event, words: null } : event;
  }
}

/** A voice to a detector that goes by the level. */
function voice(durationMs: number): Float32Array {
  return Float32Array.from({ length: (rateHz * durationMs) / 1000 }, (_, i) =>
    i % 48 < 24 ? 0.2 : -0.2,
  );
}

function numbersIn(text: string): readonly number[] {
  const transcript = /"transcript":"([^"]*)"/.exec(text)?.[1] ?? text;
  return (transcript.match(/\d+/g) ?? []).map(Number);
}

function isItem(itemId: string): (item: ConversationItem) => boolean {
  return (item) => item.itemId === itemId;
}

/** How it is known what was heard: the last word of the log on it. */
function extentOf(log: readonly LogEntry[]): {
  readonly wordsBy: string;
  readonly heardBy: string;
} {
  const entry = log.findLast((it) => it.type === 'agent.cut' || it.type === 'line.heard');
  if (entry?.type !== 'agent.cut' && entry?.type !== 'line.heard') throw new Error('no cut');
  return { wordsBy: entry.extent.wordsBy, heardBy: entry.extent.heardBy };
}
