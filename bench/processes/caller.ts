import { setTimeout as wait } from 'node:timers/promises';
import { machineUs } from '../lib/machine-clock.ts';
import { Pacer } from '../lib/pacer.ts';
import { answerQuestions } from '../lib/remote.ts';
import { callerFrames } from '../lib/speech.ts';
import {
  CallerSession,
  type CallPlan,
  type DownlinkFigures,
  type OpeningTimes,
} from '../wire/caller-session.ts';
import { UplinkFrames } from '../wire/uplink-frames.ts';

/** What the callers heard in one window. */
export interface CallerWindow {
  /** Agent frames under way, ms. */
  readonly delayMs: Float64Array;
  readonly framesDown: number;
  readonly unmarked: number;
  readonly framesUp: number;
  /** The longest time that each call was without agent audio, ms. */
  readonly longestGapMs: readonly number[];
  /** Calls that are open (a count). */
  readonly open: number;
  /** Lateness of their own sending, ms. */
  readonly lateMs: Float64Array;
  readonly windowMs: number;
  /** Different complaints of the server, and ends nobody asked for, with how often. */
  readonly troubles: Readonly<Record<string, number>>;
}

/** How many calls are being opened at once. */
const openingAtOnce = 4;
const sampleLimit = 4_000_000;
const troubleLimit = 20;

const pacer = new Pacer();
const frames = new UplinkFrames(callerFrames());
let calls: CallerSession[] = [];
let startUs = 0;
let delaysMs: number[] = [];
let framesDown = 0;
let framesUp = 0;
let unmarked = 0;
let troubles = new Map<string, number>();

const figures: DownlinkFigures = {
  marked: (ageUs) => {
    framesDown += 1;
    if (delaysMs.length < sampleLimit) delaysMs.push(ageUs / 1e3);
  },
  unmarked: () => {
    unmarked += 1;
  },
  sent: () => {
    framesUp += 1;
  },
  trouble: (what) => {
    if (troubles.size < troubleLimit || troubles.has(what)) {
      troubles.set(what, (troubles.get(what) ?? 0) + 1);
    }
  },
};

async function openSome(plan: CallPlan, count: number): Promise<void> {
  for (let opened = 0; opened < count; opened += 1) {
    const { call } = await CallerSession.open(plan, frames, figures);
    calls.push(call);
    call.speak(pacer);
  }
}

const methods = {
  /** Opens calls and lets them speak. @throws Error when one cannot be opened */
  open: async ({
    plan,
    count,
  }: {
    readonly plan: CallPlan;
    readonly count: number;
  }): Promise<void> => {
    const works = Array.from({ length: openingAtOnce }, (_, lane) =>
      openSome(plan, Math.floor(count / openingAtOnce) + (lane < count % openingAtOnce ? 1 : 0)),
    );
    await Promise.all(works);
  },
  /** Opens one call, looks at the times, and hangs up. */
  probe: async (plan: CallPlan): Promise<OpeningTimes> => {
    const { call, times } = await CallerSession.open(plan, frames, figures);
    call.close();
    return times;
  },
  begin: (): void => {
    startUs = machineUs();
    delaysMs = [];
    framesDown = 0;
    framesUp = 0;
    unmarked = 0;
    troubles = new Map();
    pacer.takeLateMs();
    for (const call of calls) call.takeLongestGapMs();
  },
  end: (): CallerWindow => ({
    delayMs: Float64Array.from(delaysMs),
    framesDown,
    unmarked,
    framesUp,
    longestGapMs: calls.map((call) => call.takeLongestGapMs()),
    open: calls.filter((call) => call.open).length,
    lateMs: pacer.takeLateMs(),
    windowMs: (machineUs() - startUs) / 1e3,
    troubles: Object.fromEntries(troubles),
  }),
  /** Hangs up all calls. */
  hangUp: async (): Promise<void> => {
    for (const call of calls) {
      pacer.remove(call);
      call.close();
    }
    calls = [];
    await wait(100);
  },
};

export type CallerApi = typeof methods;

answerQuestions(methods);
