import { msToSamples, samplesToMs } from '../audio/format.ts';
import { encodePcm16 } from '../audio/pcm16.ts';
import { systemClock, type Clock } from '../time/clock.ts';
import type { TurnStages } from '../ports/stages.ts';
import { lookUpCall, unknownCall, type TalkHandover, type TalkSpend } from './call-lookup.ts';
import { readCallerWave, speechEndBefore, type CallerWave } from './caller-wave.ts';
import { writeStereo } from './stereo.ts';
import { TalkError } from './talk-error.ts';
import { TalkPlayer } from './talk-player.ts';
import { openTalkSocket, realtimeUrl, type TalkEvent, type TalkSocket } from './talk-socket.ts';
import { TalkTurns, type TalkToolCall, type TalkTurn } from './talk-turns.ts';

export interface TalkOptions {
  /** Path of the WAV file that the caller says. */
  readonly file: string;
  /** Agent to ask for; the server's default when absent. */
  readonly agent?: string | null;
  /** Server; `ws://127.0.0.1:8787` when absent. A bare host means its `/v1/realtime`. */
  readonly url?: string | null;
  /** Where the stereo recording goes; none is written when absent. */
  readonly out?: string | null;
  readonly key?: string | null;
  /** Accept a certificate that no known authority signed. */
  readonly insecure?: boolean;
  readonly clock?: Clock;
}

/** A turn as the client saw it, with what the server's stage clock says. */
export interface TalkedTurn extends TalkTurn {
  /** `null` when the server cannot be asked, or nothing was heard. */
  readonly stages: TurnStages | null;
}

/** What `talk --json` prints. Times are ms since the call's start, measured by the client. */
export interface TalkResult {
  readonly callId: string | null;
  /** The agent that answered, or the one asked for where the server cannot be asked. */
  readonly agent: string | null;
  /** As the server says afterwards; `null` when it cannot be asked. */
  readonly backend: string | null;
  readonly turns: readonly TalkedTurn[];
  readonly tools: readonly TalkToolCall[];
  readonly handovers: readonly TalkHandover[];
  /** By currency; empty where the server does not say. */
  readonly spend: readonly TalkSpend[];
  readonly durationMs: number;
  /** Path of the stereo file. */
  readonly out: string | null;
}

const defaultUrl = 'ws://127.0.0.1:8787';
const rateHz = 24_000;
const chunkMs = 20;
/** What a player in an app holds back against jitter. */
const playerBufferMs = 100;
/** After the last answer was heard out, the call lasts this much longer. */
const quietMs = 1_500;
/** How long an answer, or the answer to a turn that never came, is waited for. */
const answerWaitMs = 10_000;
/** A call is ended this long after the file, whatever happens. */
const longestAfterFileMs = 120_000;
const longestFileMs = 60 * 60_000;

/**
 * Plays a WAV file to an agent in real time and listens. After the file it sends silence, so that
 * the last answer can come, and hangs up 1.5 s after that was heard out; 10 s after the last event
 * when no answer comes; two minutes after the file in any case. Like a stock client it stops
 * playback and truncates when the server hears the caller.
 *
 * @throws TalkError in words for the user: file, server, refusal, or a call that broke off
 */
export async function runTalk(options: TalkOptions): Promise<TalkResult> {
  const clock = options.clock ?? systemClock;
  const agent = options.agent ?? null;
  const wave = await readCallerWave(options.file, rateHz);
  if (samplesToMs(wave.samples.length, rateHz) > longestFileMs) {
    throw new TalkError(`${options.file} is longer than an hour`);
  }
  const address = {
    url: realtimeUrl(options.url ?? defaultUrl, agent),
    key: options.key ?? null,
    insecure: options.insecure ?? false,
  };
  const talk = new Talk(clock, wave);
  const socket = await openTalkSocket(address, {
    opened: () => talk.opened(),
    event: (event) => talk.received(event),
    closed: (code, reason) => talk.closed(code, reason),
  });
  try {
    const durationMs = await talk.run(socket);
    const { callId } = socket;
    const known = callId === null ? unknownCall : await lookUpCall(address, callId);
    const out = options.out ?? null;
    if (out !== null) await writeStereo(out, { rateHz, ...talk.recording(durationMs) });
    const { backend, handovers, spend } = known;
    const { turns, tools } = talk.result(durationMs, known.stages);
    return {
      callId,
      agent: known.agent ?? agent,
      backend,
      turns,
      tools,
      handovers,
      spend,
      durationMs: tenths(durationMs),
      out,
    };
  } finally {
    talk.stop();
    socket.close();
  }
}

/** One call from its opening to the decision to hang up. */
class Talk {
  readonly #clock: Clock;
  readonly #wave: CallerWave;
  readonly #player: TalkPlayer;
  readonly #turns: TalkTurns;
  readonly #ready = Promise.withResolvers<undefined>();
  readonly #over = Promise.withResolvers<number>();
  #originMs: number;
  #socket: TalkSocket | null = null;
  /** Call time at which the first sample of the file is captured; `null` before. */
  #fileStartMs: number | null = null;
  #sentSamples = 0;
  #timer: { cancel(): void } | null = null;
  #quietSinceMs = 0;
  #lastError: string | null = null;
  #hungUp = false;

  constructor(clock: Clock, wave: CallerWave) {
    this.#clock = clock;
    this.#wave = wave;
    this.#originMs = clock.nowMs();
    const limitMs = samplesToMs(wave.samples.length, rateHz) + longestAfterFileMs;
    this.#player = new TalkPlayer({ rateHz, bufferMs: playerBufferMs, limitMs });
    const speechEndMs = (audioMs: number | null): number | null => this.#speechEndMs(audioMs);
    this.#turns = new TalkTurns(this.#player, { speechEndMs }, rateHz);
    // Rejected before anybody waits for it where the call breaks off at once.
    this.#over.promise.catch(() => undefined);
    this.#ready.promise.catch(() => undefined);
  }

  opened(): void {
    this.#originMs = this.#clock.nowMs();
  }

  /** Resolves with the call time at which to hang up. */
  async run(socket: TalkSocket): Promise<number> {
    this.#socket = socket;
    const patience = this.#clock.timerAt(this.#clock.nowMs() + answerWaitMs, () =>
      this.#fail(new TalkError('the server opened the call but no session: no session.created')),
    );
    await this.#ready.promise;
    patience.cancel();
    this.#fileStartMs = this.#nowMs;
    this.#next();
    return await this.#over.promise;
  }

  received(event: TalkEvent): void {
    if (this.#hungUp) return;
    const now = this.#nowMs;
    if (event.type === 'session.created') this.#ready.resolve(undefined);
    if (event.type === 'error') this.#lastError = errorText(event);
    this.#turns.push(event, now);
    if (event.type === 'input_audio_buffer.speech_started') this.#callerHeard(now);
  }

  closed(code: number, reason: string): void {
    const why = [reason, this.#lastError].filter((part) => part !== null && part !== '');
    const detail = why.length === 0 ? '' : `: ${why.join('; ')}`;
    this.#fail(new TalkError(`the server ended the call (${code})${detail}`));
  }

  stop(): void {
    this.#hungUp = true;
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** Times to a tenth of a millisecond. */
  result(
    atMs: number,
    stages: ReadonlyMap<string, TurnStages>,
  ): Pick<TalkResult, 'turns' | 'tools'> {
    const { itemIds } = this.#turns;
    const turns = this.#turns.turns(atMs).map((turn, place) => ({
      ...turn,
      stages: stages.get(itemIds[place] ?? '') ?? null,
      userEndMs: tenths(turn.userEndMs),
      firstPacketMs: tenths(turn.firstPacketMs),
      firstAudioMs: tenths(turn.firstAudioMs),
    }));
    const tools = this.#turns.tools.map((call) => ({ ...call, atMs: tenths(call.atMs) }));
    return { turns, tools };
  }

  recording(untilMs: number): { said: Float32Array; heard: Float32Array } {
    const said = new Float32Array(msToSamples(untilMs, rateHz));
    const start = Math.min(said.length, msToSamples(this.#fileStartMs ?? 0, rateHz));
    said.set(this.#wave.samples.subarray(0, said.length - start), start);
    return { said, heard: this.#player.recording(untilMs) };
  }

  /** Ms since the call was opened. */
  get #nowMs(): number {
    return this.#clock.nowMs() - this.#originMs;
  }

  /** Sends the chunk that is complete now, decides whether it is over, and waits for the next. */
  #next(): void {
    const fileStartMs = this.#fileStartMs ?? 0;
    const chunk = msToSamples(chunkMs, rateHz);
    while (fileStartMs + samplesToMs(this.#sentSamples + chunk, rateHz) <= this.#nowMs) {
      this.#send(this.#sentSamples, this.#sentSamples + chunk);
    }
    if (this.#isOver()) {
      this.#hungUp = true;
      this.#over.resolve(this.#nowMs);
      return;
    }
    const dueMs = fileStartMs + samplesToMs(this.#sentSamples + chunk, rateHz);
    this.#timer = this.#clock.timerAt(this.#originMs + dueMs, () => this.#next());
  }

  #send(fromSample: number, toSample: number): void {
    const samples = new Float32Array(toSample - fromSample);
    samples.set(this.#wave.samples.subarray(fromSample, toSample));
    const bytes = encodePcm16(samples);
    const audio = Buffer.from(bytes.buffer).toString('base64');
    this.#socket?.send({ type: 'input_audio_buffer.append', audio });
    this.#sentSamples = toSample;
  }

  #isOver(): boolean {
    const now = this.#nowMs;
    const fileEndMs = (this.#fileStartMs ?? 0) + samplesToMs(this.#wave.samples.length, rateHz);
    if (now < fileEndMs) return false;
    if (now >= fileEndMs + longestAfterFileMs) return true;
    const lastMs = Math.max(fileEndMs, this.#turns.lastEventMs, this.#player.endsAtMs);
    if (!this.#turns.settled || this.#player.isPlaying(now)) {
      this.#quietSinceMs = now;
      return now >= lastMs + answerWaitMs;
    }
    return now >= Math.max(lastMs, this.#quietSinceMs) + quietMs;
  }

  #callerHeard(now: number): void {
    const itemId = this.#player.playing(now);
    if (!this.#player.isPlaying(now)) return;
    this.#player.stop(now);
    if (itemId === null) return;
    this.#turns.stopped(itemId);
    this.#socket?.send({
      type: 'conversation.item.truncate',
      item_id: itemId,
      content_index: 0,
      audio_end_ms: Math.floor(this.#player.playedMs(itemId, now)),
    });
  }

  /**
   * The server's event only says which pause ended the turn; where speech ended before it is
   * looked up in the wave.
   */
  #speechEndMs(audioMs: number | null): number | null {
    if (this.#fileStartMs === null) return null;
    const bound = audioMs === null ? this.#sentSamples : msToSamples(audioMs, rateHz);
    const end = speechEndBefore(this.#wave, Math.min(bound, this.#sentSamples));
    return end === null ? null : this.#fileStartMs + samplesToMs(end, rateHz);
  }

  #fail(error: TalkError): void {
    this.#ready.reject(error);
    this.#over.reject(error);
  }
}

function tenths(ms: number): number;
function tenths(ms: number | null): number | null;
function tenths(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms * 10) / 10;
}

function errorText(event: TalkEvent): string | null {
  const { error } = event;
  if (typeof error !== 'object' || error === null || !('message' in error)) return null;
  const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : '';
  return typeof error.message === 'string' ? `${error.message}${code}` : null;
}
