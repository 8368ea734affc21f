import { Mover, type World } from './world.ts';
import { quantumMs } from './options.ts';
import type { TurnInput } from '../../src/turn/vocabulary.ts';
import type { TurnOptions } from '../../src/turn/options.ts';

/** Most audio of a line that waits, pieces: more would only be the same again. */
const waitingLimit = 2;

type Move = (mover: Mover) => boolean;

/** A frame of the detector, after the time that it took. */
function frame(probability: number, echo?: number | null): Move {
  return (mover) => {
    mover.pass(quantumMs);
    const audioMs = mover.world.audioMs + quantumMs;
    mover.set({ audioMs });
    mover.feed({
      type: 'vad',
      probability,
      audioMs,
      frameMs: quantumMs,
      ...(echo === undefined ? {} : { echo, echoPath: 'unknown' }),
    });
    return true;
  };
}

function said(input: TurnInput): Move {
  return (mover) => {
    mover.feed(input);
    return true;
  };
}

function at(type: 'client.commit' | 'client.clear'): Move {
  return (mover) => {
    mover.feed({ type, audioMs: mover.world.audioMs });
    return true;
  };
}

function key(pressed: boolean): Move {
  return (mover) => {
    if (mover.world.turn.pressed === pressed) return false;
    mover.feed({ type: 'client.ptt', pressed, audioMs: mover.world.audioMs });
    return true;
  };
}

function tool(event: 'start' | 'end'): Move {
  return (mover) => {
    if (mover.world.turn.tools.running.length > 0 === (event === 'start')) return false;
    mover.feed({ type: 'tool', event, toolCallId: 'call_1' });
    return true;
  };
}

/** What a backend's own detection says; it stops by itself when it hears the caller. */
function heardByBackend(event: 'speechStarted' | 'speechStopped' | 'interrupted'): Move {
  return (mover) => {
    mover.feed({ type: 'backend', event, audioMs: mover.world.audioMs });
    return true;
  };
}

function finish(question: boolean): Move {
  return (mover) => {
    if (mover.world.line?.done !== false) return false;
    mover.finish(question);
    mover.settle();
    return true;
  };
}

/** All that can happen, by name. A move that is impossible in a world says so. */
export const moves = {
  speech: frame(0.9),
  silence: frame(0),
  hiss: frame(0.4),
  echo: frame(0.9, 0.9),
  /** Speech of which nobody can tell yet whose it is. */
  murky: frame(0.9, null),
  /** Nothing comes back while somebody looks for echo. */
  unheard: frame(0, 0),
  /** Nothing comes until the machine wants a tick. */
  wait: (mover) => {
    const { wakeAtMs, nowMs } = mover.world;
    if (wakeAtMs === null) return false;
    mover.pass(Math.max(quantumMs, wakeAtMs - nowMs));
    return true;
  },
  /** Nothing comes for the length of a frame. */
  later: (mover) => {
    mover.pass(quantumMs);
    return true;
  },
  respond: (mover) => {
    const { line } = mover.world;
    if (line !== null && !line.closed) return false;
    mover.open();
    mover.settle();
    return true;
  },
  audio: (mover) => {
    const { line } = mover.world;
    const opens = line === null && mover.options.authority === 'model';
    if (opens) mover.open();
    else if (line?.done !== false || line.waiting >= waitingLimit) return false;
    mover.generate(waitingLimit);
    mover.settle();
    return true;
  },
  done: finish(false),
  asked: finish(true),
  /** The model stops by itself. */
  yields: (mover) => {
    if (mover.world.line === null) return false;
    mover.silence();
    mover.settle();
    return true;
  },
  /** A model without turns begins to speak. */
  begins: (mover) => {
    if (mover.world.line !== null) return false;
    mover.feed({ type: 'model.begins' });
    mover.open();
    mover.generate(waitingLimit);
    mover.settle();
    return true;
  },
  stop: said({ type: 'partial', text: 'stop' }),
  mhm: said({ type: 'partial', text: 'mhm' }),
  words: said({ type: 'partial', text: 'green tea' }),
  foreign: said({ type: 'partial', text: 'green tea', foreign: true }),
  final: said({ type: 'final', text: 'mhm' }),
  ownVoice: said({ type: 'partial', text: 'it is the agent', echo: true }),
  classifier: said({ type: 'interrupt', probability: 0.9 }),
  score: (mover) => {
    const { caller } = mover.world.turn;
    if (caller.kind !== 'paused') return false;
    const { lastSpeechAudioMs: speechEndAudioMs } = caller;
    mover.feed({ type: 'eot', probability: 0.7, speechEndAudioMs });
    return true;
  },
  commit: at('client.commit'),
  clear: at('client.clear'),
  interrupt: said({ type: 'client.interrupt' }),
  mute: (mover) => {
    mover.feed({ type: 'client.mute', muted: !mover.world.turn.muted });
    return true;
  },
  down: key(true),
  up: key(false),
  one: said({ type: 'client.dtmf', digit: '1' }),
  hash: said({ type: 'client.dtmf', digit: '#' }),
  toolStart: tool('start'),
  toolEnd: tool('end'),
  context: said({ type: 'context' }),
  backendStart: heardByBackend('speechStarted'),
  backendStop: heardByBackend('speechStopped'),
  backendCut: heardByBackend('interrupted'),
} as const satisfies Record<string, Move>;

export type MoveName = keyof typeof moves;

/** The world after a move; `null` where the move is impossible. @throws BrokenRule */
export function moved(world: World, name: MoveName, options: TurnOptions): World | null {
  const mover = new Mover(world, options);
  return moves[name](mover) ? mover.world : null;
}
