import { EchoLadder } from '../../src/call/echo-ladder.ts';

/** A ladder without a rung: what is heard goes straight to the detector. */
export function noEcho(): EchoLadder {
  return new EchoLadder({
    rung: 'none',
    canceller: null,
    nowMs: () => 0,
    roundTripMs: () => 0,
    callTimeOf: (audioMs) => audioMs,
    judged: () => false,
  });
}
