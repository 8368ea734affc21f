import { z } from 'zod';
import type { TurnStages } from '../../src/ports/stages.ts';
import { systemClock } from '../../src/time/clock.ts';
import { Ear } from '../../test/ear/ear.ts';
import { ownWire } from '../../test/ear/own-wire.ts';
import { seededRandom } from '../../test/ear/seeded-random.ts';
import { sayAndHear, type HeardTurn, type SpokenTurn } from './spoken-turn.ts';

/** One call to be made. */
export interface CallPlan {
  readonly agent: string;
  /** Its number in the run; decides its chance. */
  readonly call: number;
  readonly turns: number;
}

export interface CallingOptions {
  /** Gateway, `http://…` or `https://…`. */
  readonly url: string;
  readonly key: string | null;
  readonly clips: readonly Float32Array[];
  readonly startMs: number;
}

/** What the ear's player holds back, ms: what the gateway takes for usual. */
export const playerBufferMs = 60;

/** A call's turns, and why it ended before all of them, if it did. */
export interface MeasuredCall {
  readonly turns: readonly SpokenTurn[];
  readonly failure: string | null;
}

/** Makes one call in real time. Never rejects. */
export async function measureCall(plan: CallPlan, options: CallingOptions): Promise<MeasuredCall> {
  const { agent, call } = plan;
  const { url, key, clips, startMs } = options;
  const heard: (HeardTurn & { readonly atMs: number })[] = [];
  const random = seededRandom(call + 1);
  let callId: string | null = null;
  let stages: ReadonlyMap<string, TurnStages> = new Map();
  let failure: string | null = null;
  let ear: Ear | null = null;
  try {
    const wire = ownWire({
      url: `${url.replace(/^http/, 'ws')}/v1/realtime`,
      agent,
      ...(key === null ? {} : { key }),
      onCallId: (id) => (callId = id),
    });
    const playout = { bufferMs: playerBufferMs };
    ear = await Ear.connect(wire, { acknowledges: true, playout, line: { seed: call + 1 } });
    // Calls of one moment do not begin to speak at once.
    await ear.pause(200 + random() * 400);
    for (let turn = 0; turn < plan.turns; turn += 1) {
      const atMs = systemClock.nowMs() - startMs;
      const clip = clips[(call + turn) % clips.length]!;
      heard.push({ ...(await sayAndHear(ear, clip, random() * 300)), atMs });
    }
  } catch (thrown) {
    failure = (thrown instanceof Error ? thrown.message : String(thrown)).split('\n')[0]!;
  }
  try {
    // The gateway lets the ear correct its clock for half a second before it says what was heard.
    await ear?.pause(400);
    stages = await stagesOf(url, callId, key);
    await ear?.close();
  } catch (thrown) {
    failure ??= thrown instanceof Error ? thrown.message : String(thrown);
  }
  const turns = heard.map(({ itemId, ...one }, turn) => ({
    ...one,
    agent,
    call,
    turn,
    stages: (itemId === null ? undefined : stages.get(itemId)) ?? null,
  }));
  return { turns, failure };
}

const partSchema = z.number().nullable();
const stagesSchema = z.object({
  itemId: z.string(),
  lineId: z.string(),
  line: z.number(),
  speechEndAtMs: z.number(),
  silenceMs: z.number(),
  partsMs: z.object({
    decided: partSchema,
    transcript: partSchema,
    first_token: partSchema,
    first_clause: partSchema,
    first_synthesis: partSchema,
    first_audible: partSchema,
    first_heard: partSchema,
  }),
  aheadMs: z.record(z.string(), z.number()),
  heardBy: z.enum(['acknowledgement', 'clock']),
});
const recordSchema = z.object({
  turns: z.array(z.object({ stages: stagesSchema.nullish() })),
});

/** Asks the gateway for the stages of a call, by the caller's item. Others than Parley tell none. */
async function stagesOf(
  url: string,
  callId: string | null,
  key: string | null,
): Promise<ReadonlyMap<string, TurnStages>> {
  if (callId === null) return new Map();
  const response = await fetch(`${url}/api/calls/${encodeURIComponent(callId)}`, {
    headers: key === null ? {} : { authorization: `Bearer ${key}` },
    signal: AbortSignal.timeout(5_000),
  });
  if (!response.ok) return new Map();
  const record = recordSchema.safeParse(await response.json());
  if (!record.success) return new Map();
  return new Map(
    record.data.turns.flatMap(({ stages }) => (stages ? [[stages.itemId, stages] as const] : [])),
  );
}
