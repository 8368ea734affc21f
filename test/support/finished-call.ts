import type { CallRecord } from '../../src/ports/store.ts';

/** A call as a store gets it. @param entries of its log (a count) */
export function finishedCall(
  callId: string,
  {
    userText = 'Hello.',
    heardText = 'Good day.',
    agent = 'desk',
    minute = 0,
  }: { userText?: string; heardText?: string; agent?: string; minute?: number },
  entries = 50,
): CallRecord {
  return {
    callId,
    agent,
    backend: 'parrot',
    startedAt: new Date(Date.UTC(2026, 0, 1) + minute * 60_000).toISOString(),
    durationMs: 61_000,
    turns: [
      {
        userEndMs: 1_000,
        firstPacketMs: 1_400,
        firstAudioMs: 1_420,
        interrupted: false,
        heardText,
        userText,
        stages: null,
      },
    ],
    tools: [],
    handovers: [],
    usage: [],
    spend: [],
    out: `2026/01/01/${callId}`,
    outcome: { kind: 'client', wireCode: 1000 },
    disposition: null,
    events: Array.from({ length: entries }, (_, seq) => ({
      type: 'input.cleared' as const,
      seq,
      atMs: seq * 20,
    })),
  };
}
