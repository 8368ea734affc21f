import { Ear } from '../../test/ear/ear.ts';
import { openAiWire } from '../../test/conformance/openai-wire.ts';
import { SaidSound } from '../../test/ear/said-sound.ts';
import { systemClock } from '../../src/time/clock.ts';
import { expectedNumbers } from './script.ts';
import { judgedRateHz, type Verdict } from './judge.ts';
import { callerSpeech, turnDetection } from './caller-speech.ts';
import { toolMs, type Desk } from './desk.ts';
import type { Kind } from './kinds.ts';
import { handoversIn, type CallLog, type HandoverGateway, type Handovers } from './gateway.ts';
import type { JudgeThread } from './judge-thread.ts';
import type { Kill } from './kills.ts';
import type { LateWatch } from './late-watch.ts';

/** Turns of each call (a count): one more than may lose a backend. */
const turns = 3;
/** Silence that ends an answer, and the same after a death, ms. */
const quietMs = 600;
const quietAfterDeathMs = 2500;
/** Where an answer ended without being whole, and nobody need ask for the rest, ms. */
const quietAfterBreakMs = 5000;
/** Ranges of what {@link Kill.place} is a share of, ms. */
const beforeAnswerMs = { 'by hand': 200, heard: 900 } as const;
const intoAnswerMs = 2000;
const intoPauseMs = 600;
const intoOpeningMs = 20;
const betweenDeathsMs = 300;
/** A tool that was not called by then is not going to be, ms. */
const toolCalledMs = 10_000;
/** Longest call, ms: what takes longer is stuck. */
const longestCallMs = 90_000;

export interface KilledCall extends Kill {
  /** Who died: whoever served, which is not the first of the order where that is distrusted. */
  readonly killed: Kind | null;
  readonly callId: string | null;
  /** Why the call did not come to its end; `null`: it did. */
  readonly failure: string | null;
  /** The gateway ended the call. */
  readonly ended: boolean;
  readonly verdict: Verdict | null;
  readonly toolRuns: number;
  /** What the gateway says of it. */
  readonly handovers: Handovers;
  /** From the death to when another model was asked, where an answer was owed, ms. */
  readonly askedMs: number | null;
  /** Events that a client should not have seen (a count). */
  readonly clientErrors: number;
  readonly tookMs: number;
  /** How late callers and stand-ins were at worst meanwhile, ms. */
  readonly lateMs: number;
  /** All that the gateway wrote down, of a call in which something was wrong; else `null`. */
  readonly log: CallLog | null;
}

/** What is wrong with a call, in words; empty: nothing. */
export function troublesOf(call: Omit<KilledCall, 'log'>): readonly string[] {
  const { failure, moment, verdict, toolRuns, clientErrors } = call;
  return [
    ...(failure === null ? [] : [failure.split('\n')[0]!]),
    ...(['lostCaller', 'lostAgent', 'repeated', 'unsaid'] as const).flatMap((what) =>
      verdict === null || verdict[what].length === 0 ? [] : [`${what} ${verdict[what].join(' ')}`],
    ),
    ...(verdict !== null && verdict.outOfOrder > 0 ? [`${verdict.outOfOrder} out of order`] : []),
    ...(toolRuns > 1 ? [`${toolRuns} runs of the tool`] : []),
    ...(moment === 'tool' && toolRuns === 0 ? ['the tool was not run'] : []),
    ...(clientErrors > 0 ? [`${clientErrors} errors at the client`] : []),
  ];
}

export interface CallingOptions {
  readonly desk: Desk;
  readonly gateway: HandoverGateway;
  readonly judge: JudgeThread;
  readonly late: LateWatch;
}

/** Makes one call in real time, with the stock client, and kills. Never rejects. */
export async function callAndKill(kill: Kill, options: CallingOptions): Promise<KilledCall> {
  const { desk, gateway, judge, late } = options;
  const call = new OneCall(kill, desk);
  desk.mend();
  const startMs = systemClock.nowMs();
  let failure: string | null = null;
  try {
    await withinMs(longestCallMs, call.talk(gateway), 'the call is stuck');
  } catch (thrown) {
    failure = (thrown instanceof Error ? thrown.message : String(thrown)).slice(0, 2000);
  }
  const { ear } = call;
  const ended = ear?.closed !== undefined;
  try {
    // What is heard of the last word is settled only then.
    await ear?.pause(300);
    await ear?.close();
  } catch {
    // It is closed already.
  }
  const about = kill.moment === 'mid-word' || kill.moment === 'double' ? call.diedAtMs : null;
  const verdict =
    ear === null
      ? null
      : await judge.judge(
          { said: call.said.samples, played: ear.recording().heard },
          expectedNumbers(turns),
          about,
        );
  const log = call.callId === null ? [] : await gateway.logOf(call.callId).catch(() => []);
  const killed = {
    ...kill,
    killed: call.killed,
    callId: call.callId,
    failure,
    ended,
    verdict,
    toolRuns: desk.toolRuns.length,
    handovers: handoversIn(log),
    askedMs: call.askedMs,
    clientErrors: call.clientErrors,
    tookMs: Math.round(systemClock.nowMs() - startMs),
    lateMs: late.worstSince(startMs),
  };
  return { ...killed, log: troublesOf(killed).length === 0 ? null : log };
}

/** Rejects when it takes longer. */
async function withinMs<T>(ms: number, work: Promise<T>, what: string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = systemClock.timerAt(systemClock.nowMs() + ms, () =>
    late.reject(new Error(`${what}: nothing after ${ms} ms`)),
  );
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    timer.cancel();
  }
}

class OneCall {
  readonly #kill: Kill;
  readonly #desk: Desk;
  readonly said = new SaidSound();
  ear: Ear | null = null;
  callId: string | null = null;
  /** Since the connection opened; `null`: nobody died yet. */
  diedAtMs: number | null = null;
  killed: Kind | null = null;
  /** On the machine's clock. */
  #diedClockMs: number | null = null;

  constructor(kill: Kill, desk: Desk) {
    this.#kill = kill;
    this.#desk = desk;
  }

  get askedMs(): number | null {
    const died = this.#diedClockMs;
    if (died === null) return null;
    const next = this.#desk.asked.find(({ kind, atMs }) => atMs >= died && kind !== this.killed);
    return next === undefined ? null : next.atMs - died;
  }

  get clientErrors(): number {
    const { ear } = this;
    if (ear === null) return 0;
    return ear.failures.length + ear.types.filter((type) => type === 'error').length;
  }

  async talk(gateway: HandoverGateway): Promise<void> {
    const { moment, order, place } = this.#kill;
    const wire = openAiWire({
      url: gateway.url,
      ca: gateway.certificate,
      model: this.#desk.agentOf(order),
      onCallId: (callId) => {
        this.callId = callId;
        if (moment === 'opening') this.#after(place * intoOpeningMs, () => this.#die());
      },
    });
    const ear = await Ear.connect(this.said.through(wire), {
      session: {
        type: 'realtime',
        audio: {
          input: {
            turn_detection: turnDetection(this.#desk.turns),
            transcription: { model: 'any' },
          },
        },
      },
      playout: { bufferMs: 400 },
      line: { noiseDbfs: null, seed: this.#kill.call + 1 },
    });
    this.ear = ear;
    for (let turn = 0; turn < turns; turn += 1) await this.#turn(ear, turn);
  }

  async #turn(ear: Ear, turn: number): Promise<void> {
    const { moment, place } = this.#kill;
    const dies = turn === this.#kill.turn;
    this.#desk.wantsTool = dies && moment === 'tool';
    const from = ear.events.length;
    const samples = callerSpeech(turn, this.#desk.turns);
    const speechMs = (samples.length * 1000) / judgedRateHz;
    const said = ear.say(samples);
    if (dies && moment === 'speech') this.#after(place * speechMs, () => this.#die());
    await said.left;
    const tool = this.#desk.untilTool();
    if (this.#desk.turns === 'by hand') {
      ear.send({ type: 'input_audio_buffer.commit' });
      ear.send({ type: 'response.create' });
    }
    if (dies) await this.#dieInAnswer(ear, tool);
    const { event } = await ear.waitFor('response.done', { from, timeoutMs: 20_000 });
    const { status } = event['response'] as { readonly status?: unknown };
    const broken = this.#desk.turns === 'heard' && status !== 'completed';
    const justDied = dies && moment !== 'pause';
    await ear.untilQuiet(broken ? quietAfterBreakMs : justDied ? quietAfterDeathMs : quietMs);
    if (!dies || moment !== 'pause') return;
    await ear.pause(place * intoPauseMs);
    this.#die();
    await ear.pause((1 - place) * intoPauseMs);
  }

  async #dieInAnswer(ear: Ear, tool: Promise<void>): Promise<void> {
    const { moment, place, order, death, then } = this.#kill;
    if (moment === 'before') await ear.pause(place * beforeAnswerMs[this.#desk.turns]);
    else if (moment === 'tool') {
      await withinMs(toolCalledMs, tool, 'the tool was not called');
      await ear.pause(place * toolMs);
    } else if (moment === 'mid-word' || moment === 'double') {
      await ear.untilPlaying(50);
      await ear.pause(place * intoAnswerMs);
    } else return;
    this.#die();
    if (moment !== 'double') return;
    await ear.pause(then * betweenDeathsMs);
    const others = order.filter((kind) => kind !== this.killed);
    this.#desk.kill(this.#desk.serving(others) ?? others[0]!, death);
  }

  #die(): void {
    const { order, death } = this.#kill;
    this.diedAtMs = this.ear?.nowMs ?? 0;
    this.#diedClockMs = systemClock.nowMs();
    this.killed = this.#desk.serving(order) ?? order[0]!;
    this.#desk.kill(this.killed, death);
  }

  #after(ms: number, act: () => void): void {
    systemClock.timerAt(systemClock.nowMs() + ms, act);
  }
}
