import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { machineUs } from '../lib/machine-clock.ts';
import { Pacer } from '../lib/pacer.ts';
import { answerQuestions } from '../lib/remote.ts';
import { agentFrames } from '../lib/speech.ts';
import { accept } from '../wire/connection.ts';
import { UpstreamSession, type UplinkFigures } from '../wire/upstream-session.ts';

/** What the hosted stand-in saw in one window. */
export interface UpstreamWindow {
  /** Caller frames under way, ms. */
  readonly delayMs: Float64Array;
  readonly frames: number;
  readonly unmarked: number;
  /** Lateness of its own sending, ms. */
  readonly lateMs: Float64Array;
  readonly windowMs: number;
  readonly open: number;
  /** When sessions were opened, ms since the window began. */
  readonly openedMs: readonly number[];
}

/** Delay samples kept of one window (a count). */
const sampleLimit = 4_000_000;
/** Openings kept of one window (a count). */
const openingLimit = 10_000;

/**
 * A stand-in for a hosted realtime model that costs as little as it can: it never parses audio,
 * and speaks one 20 ms frame every 20 ms from `response.create` until the line's length is over.
 */
const pacer = new Pacer();
const frames = agentFrames();
const sessions = new Set<UpstreamSession>();
let lineFrames = 500;
let lastIndex = 0;
let startUs = 0;
let delaysMs: number[] = [];
let counted = 0;
let unmarked = 0;
let openedMs: number[] = [];
/** The first sessions of the process, whose frames are looked at (a count). */
let watched = Infinity;

const figuresOf = (index: number): UplinkFigures => ({
  marked: (ageUs) => {
    if (index > watched) return;
    counted += 1;
    if (delaysMs.length < sampleLimit) delaysMs.push(ageUs / 1e3);
  },
  unmarked: () => {
    unmarked += 1;
  },
});

const server = createServer((_request, response) => {
  response.writeHead(404).end();
});
server.on('upgrade', (request, socket, head) => {
  lastIndex += 1;
  if (openedMs.length < openingLimit) openedMs.push((machineUs() - startUs) / 1e3);
  const session = new UpstreamSession({
    connection: accept(request, socket),
    index: lastIndex,
    pacer,
    frames,
    figures: figuresOf(lastIndex),
    lineFrames: () => lineFrames,
    onGone: () => sessions.delete(session),
  });
  sessions.add(session);
  session.start(head);
});

const methods = {
  /** @returns the port it listens on */
  listen: async (options: { readonly lineFrames: number }): Promise<number> => {
    ({ lineFrames } = options);
    const listening = Promise.withResolvers<null>();
    server.once('error', listening.reject);
    server.listen({ host: '127.0.0.1', port: 0, backlog: 1024 }, () => listening.resolve(null));
    await listening.promise;
    return (server.address() as AddressInfo).port;
  },
  /** @param first only frames of so many sessions are looked at, the first there were; absent: all */
  begin: (first?: number): void => {
    watched = first ?? Infinity;
    openedMs = [];
    startUs = machineUs();
    delaysMs = [];
    counted = 0;
    unmarked = 0;
    pacer.takeLateMs();
  },
  end: (): UpstreamWindow => ({
    delayMs: Float64Array.from(delaysMs),
    frames: counted,
    unmarked,
    lateMs: pacer.takeLateMs(),
    windowMs: (machineUs() - startUs) / 1e3,
    open: sessions.size,
    openedMs,
  }),
};

export type UpstreamApi = typeof methods;

answerQuestions(methods);
