import type { LogEntry } from '../../src/ports/events.ts';
import { systemClock } from '../../src/time/clock.ts';
import type { AgentParts, CascadeAgent, CascadeStage } from '../conformance/cascade-stage.ts';
import { countOnInWords, numbersIn, speakCounted, wordOf } from '../conformance/counted-voice.ts';
import { levelled } from '../conformance/floor-stage.ts';
import { audibleMs } from '../ear/audible.ts';
import { hearNumbers } from '../ear/counted-speech.ts';
import { Ear } from '../ear/ear.ts';
import { ownWire } from '../ear/own-wire.ts';
import { seededRandom } from '../ear/seeded-random.ts';
import { fixture, speechRateHz } from '../ear/speech.ts';

/** What one call's interruptions did. Times are ms. */
export interface InterruptedCall {
  /** Lines that were cut: by the caller's speech, by the client, by hanging up. */
  readonly cuts: Readonly<Record<'caller' | 'client' | 'hangup', number>>;
  /** From each cut to the end of the model's request that was running. */
  readonly modelStops: readonly Stop[];
  /** … to the word to the voice that was speaking. */
  readonly voiceStops: readonly Stop[];
  /** Work that ran when its line was cut, and was never stopped (a count). */
  readonly unstopped: number;
  /** Words that came out of order, twice, or were left out, and half words that history tells otherwise. */
  readonly faults: readonly string[];
  /** The caller's notes, as the model was last shown them. */
  readonly notes: readonly number[];
  readonly agent: string;
  /** The call's log. */
  readonly events: readonly LogEntry[];
}

/** When a stage stopped, ms after the cut. */
export interface Stop {
  readonly afterMs: number;
  /** The same without what held up this process, in which everybody is. */
  readonly ownMs: number;
}

export interface InterruptingOptions {
  readonly stage: CascadeStage;
  readonly agent: string;
  /** Interruptions to be tried, the one by hanging up apart. */
  readonly attempts: number;
  readonly seed: number;
  readonly loop: LoopWatch;
}

/** Watches how long this process's event loop was held up. */
export class LoopWatch {
  readonly #ticksAtMs: number[] = [];
  readonly #timer = setInterval(() => this.#ticksAtMs.push(systemClock.nowMs()), tickMs);

  /** Time between two moments in which nothing else could run here, ms. */
  heldUpMs(fromMs: number, toMs: number): number {
    let sumMs = 0;
    for (const [i, atMs] of this.#ticksAtMs.entries()) {
      const beforeMs = this.#ticksAtMs[i - 1] ?? atMs;
      if (atMs < fromMs || beforeMs > toMs) continue;
      const withinMs = Math.min(atMs, toMs) - Math.max(beforeMs, fromMs);
      sumMs += Math.max(0, withinMs - tickMs);
    }
    return sumMs;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

const tickMs = 2;

/** Number of the caller's first note. */
export const firstNote = 500;

/** Words of an answer (a count), and how long they sound, ms. */
const answerWords = 60;
const answerMs = answerWords * 260;

/** The wall clock tells when a call began, ms. */
const accurateMs = 3;

/** Slow enough that most interruptions find the model writing and the voice speaking. */
const delays = { tokenMs: { p50: 40, p95: 80 }, realTimeFactor: 1.5 } as const;

/**
 * An agent that counts in long answers, and is told one note after the other. Voices that tell when
 * their words are said: of others what was heard is an estimate.
 */
export function countingAgent(
  parts: Pick<CascadeAgent, 'stt' | 'tts'>,
  options: { readonly notes: number; readonly seed: number },
): CascadeAgent {
  const said = Array.from({ length: options.notes }, (_, i) => ({
    clip: 'thanks' as const,
    text: `Please take note of ${wordOf(firstNote + i)}.`,
  }));
  const answer = countOnInWords(answerWords);
  return { ...parts, said, answer, speak: speakCounted, delays, seed: options.seed };
}

/** Longest time from the caller's last word to an interruption, ms. */
const latestMs = 4000;
/** What is heard of a word in a recording is uncertain by so much, ms. */
const uncertainMs = 45;
/** A counted word's sound, ms. */
const wordSoundMs = 180;

/**
 * A call whose agent counts, and whose caller cuts in at random moments: by speaking, by
 * `response.cancel`, at last by hanging up.
 */
export async function interruptCall(options: InterruptingOptions): Promise<InterruptedCall> {
  const { agent, attempts, loop, seed, stage } = options;
  const random = seededRandom(seed);
  const wire = ownWire({ url: `${stage.gateway.wsUrl}/v1/realtime`, agent });
  const ear = await Ear.connect(wire, { acknowledges: true, playout: { bufferMs: 80 } });
  let spoken = false;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    if (!spoken) await ear.say(fixture('thanks').samples).left;
    await ear.pause(random() * latestMs);
    spoken = random() < 0.6;
    if (spoken) await ear.say(fixture('wait').samples).left;
    else {
      ear.send({ type: 'response.cancel' });
      // What was sent is played out, and the next turn is not the rest of this one.
      await ear.pause(700);
    }
  }
  // One more answer, of which a good deal is heard: the model is shown all that was before.
  if (!spoken) await ear.say(fixture('thanks').samples).left;
  await ear.untilPlaying(800);
  const recording = ear.recording().heard;
  await ear.close();
  const parts = stage.parts[agent]!;
  const { events, originMs } = await recordOf(stage, agent);
  const cuts = events.filter(isCut).map(({ atMs, extent }) => ({
    atMs: atMs + originMs,
    isSpoken: extent.generatedMs >= answerMs,
  }));
  return {
    cuts: countCuts(events),
    ...stopsOf(parts, cuts, loop),
    ...historyOf(parts, recording),
    agent,
    events,
  };
}

function isCut(entry: LogEntry): entry is LogEntry & { readonly type: 'line.closed' } {
  return entry.type === 'line.closed' && entry.end.status === 'cancelled';
}

function countCuts(events: readonly LogEntry[]): InterruptedCall['cuts'] {
  const cuts = { caller: 0, client: 0, hangup: 0 };
  for (const { end } of events.filter(isCut)) {
    if (end.status !== 'cancelled') continue;
    if (end.reason === 'client_cancelled') cuts.client += 1;
    else if (end.reason === 'call_closed') cuts.hangup += 1;
    else cuts.caller += 1;
  }
  return cuts;
}

/** The call's record, and when it began by the system clock, to 2 ms. */
async function recordOf(
  { gateway: { url } }: CascadeStage,
  agent: string,
): Promise<{ readonly events: readonly LogEntry[]; readonly originMs: number }> {
  const read = async (path: string): Promise<unknown> => (await fetch(`${url}${path}`)).json();
  const { calls } = (await read('/api/calls?limit=1000')) as {
    readonly calls: readonly { readonly callId: string; readonly agent: string }[];
  };
  const { callId } = calls.find((call) => call.agent === agent)!;
  const { events, startedAt } = (await read(`/api/calls/${callId}`)) as {
    readonly events: readonly LogEntry[];
    readonly startedAt: string;
  };
  const originMs = Date.parse(startedAt) - systemClock.epochMs() + systemClock.nowMs();
  return { events, originMs };
}

/** A line that was cut, by the system clock. */
interface Cut {
  readonly atMs: number;
  /** All of it had been synthesised by then. */
  readonly isSpoken: boolean;
}

function stopsOf(
  { llm, tts }: AgentParts,
  cuts: readonly Cut[],
  loop: LoopWatch,
): Pick<InterruptedCall, 'modelStops' | 'voiceStops' | 'unstopped'> {
  const modelStops: Stop[] = [];
  const voiceStops: Stop[] = [];
  let unstopped = 0;
  const requests = llm.stats.requests.map(({ atMs, closedAtMs }) => ({
    startedAtMs: atMs,
    stoppedAtMs: closedAtMs,
  }));
  for (const [works, stops] of [
    [requests, modelStops],
    [tts.works(), voiceStops],
  ] as const) {
    for (const [i, { startedAtMs, stoppedAtMs }] of works.entries()) {
      const cut = cuts.find(({ atMs }) => atMs >= startedAtMs);
      if (cut === undefined || (stoppedAtMs !== null && stoppedAtMs < cut.atMs - accurateMs)) {
        continue;
      }
      if (stoppedAtMs !== null) {
        const afterMs = stoppedAtMs - cut.atMs;
        stops.push({ afterMs, ownMs: afterMs - loop.heldUpMs(cut.atMs, stoppedAtMs) });
        continue;
      }
      // A voice forgets a context that waits too long for more; what comes then has a new one.
      const next = works[i + 1]?.startedAtMs ?? Infinity;
      if (!cut.isSpoken && next > cut.atMs) unstopped += 1;
    }
  }
  return { modelStops, voiceStops, unstopped };
}

interface ShownMessage {
  readonly role: string;
  readonly content: string;
}

/** What was heard against what the model was last told that it had said. */
function historyOf(
  { llm }: AgentParts,
  recording: Float32Array,
): Pick<InterruptedCall, 'faults' | 'notes'> {
  const messages = (llm.stats.lastBody?.['messages'] ?? []) as readonly ShownMessage[];
  const textOf = (role: string): string =>
    messages.flatMap((message) => (message.role === role ? message.content : [])).join(' ');
  const told = numbersIn(textOf('assistant'));
  // Of a cut line's last word no more than half needs to have been heard.
  const lastWords = new Set(
    messages.flatMap(({ role, content }) =>
      role === 'assistant' ? numbersIn(content).slice(-1) : [],
    ),
  );
  const faults: string[] = [];
  for (const [i, number] of told.entries()) {
    if (number !== i) faults.push(`the model counts ${number} as its word ${i}`);
  }
  const level = levelled(recording);
  const heard = hearNumbers(level, speechRateHz);
  for (const [i, word] of heard.entries()) {
    const before = heard[i - 1];
    const missing = word.number - (before?.number ?? -1) - 1;
    if (missing < 0) faults.push(`${word.number} is heard after ${before?.number ?? 'nothing'}`);
    const partMs = audibleMs(level, speechRateHz, {
      fromSample: (before?.endSample ?? 0) + speechRateHz * 0.01,
      toSample: word.startSample - speechRateHz * 0.01,
    });
    // Words that a late player tore apart are sound, though nobody knows them again.
    const absent = Array.from({ length: Math.max(0, missing) }, (_, k) => word.number - 1 - k);
    const halves = absent.filter((number) => lastWords.has(number)).length;
    const leastMs = (absent.length - halves / 2) * wordSoundMs - Math.max(1, halves) * uncertainMs;
    if (missing > 0 && partMs < leastMs) {
      faults.push(`${missing} words before ${word.number} count as heard: ${partMs} ms were`);
    }
    if (missing === 0 && partMs > wordSoundMs / 2 + uncertainMs) {
      faults.push(`${partMs} ms before ${word.number} count as nothing`);
    }
  }
  if (heard.length === 0) faults.push('nothing was heard');
  return { faults, notes: numbersIn(textOf('user')) };
}
