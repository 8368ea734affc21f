import { hearNumbers } from '../../ear/counted-speech.ts';
import { Ear } from '../../ear/ear.ts';
import { ownWire } from '../../ear/own-wire.ts';
import { startGateway, type TestGateway, type TestGatewayOptions } from '../../support/gateway.ts';
import { keyVariable, standInKey, startTeller, type Teller, type Telling } from './backends.ts';
import type { SaidWords } from './said.ts';

/** One call of a stage: who tells what, and behind which gate. */
export interface StageCall extends Telling {
  /** Settings of the agent's gate; `null`: it has none. */
  readonly gate: object | null;
  /** What its caller writes before each answer, where the backend takes text. */
  readonly asks?: string;
}

/** The gateway, an agent for every call, and a teller behind every agent. */
export interface GateStage {
  readonly gateway: TestGateway;
  readonly violations: () => readonly string[];
  /** What is heard in the call of this place. Sentence after sentence, each played to its end. */
  hear(place: number): Promise<Heard>;
  close(): Promise<void>;
}

/** An entry of the call's log. */
export interface GateEvent {
  readonly type: string;
  readonly rule?: string;
  readonly heldMs?: number;
  readonly lateMs?: number;
}

/** What a caller heard of a call's sentences. */
export interface Heard {
  /** What the gate did, oldest first. */
  readonly gateEvents: readonly GateEvent[];
  readonly callId: string;
  readonly said: SaidWords;
  /** Numbers of the words in the ear's recording, in order. */
  readonly numbers: readonly number[];
  /** From each request to the first audio that came for it, ms; `null`: none came. */
  readonly firstAudioMs: readonly (number | null)[];
  /** Times that the player ran dry within what it played (a count), and for how long, ms. */
  readonly underruns: { readonly count: number; readonly totalMs: number };
}

export interface StageOptions extends Pick<TestGatewayOptions, 'log' | 'wires'> {
  /** Further settings of every agent, and of the file. */
  readonly agent?: object;
  readonly house?: object;
}

export async function openGateStage(
  calls: readonly StageCall[],
  { agent = {}, house = {}, ...parts }: StageOptions = {},
): Promise<GateStage> {
  const tellers: Teller[] = [];
  for (const call of calls) tellers.push(await startTeller[call.kind](call));
  const closeTellers = async (): Promise<void> => {
    await Promise.all(tellers.map((teller) => teller.close()));
  };
  process.env[keyVariable] = standInKey;
  const nameOf = (place: number): string => `call-${place}`;
  const config = {
    ...house,
    backends: Object.fromEntries(tellers.map(({ backend }, i) => [nameOf(i), backend])),
    agents: Object.fromEntries(
      tellers.map((teller, i) => {
        const gate = calls[i]!.gate;
        const own = { ...teller.agent, ...(gate === null ? {} : { gate }), ...agent };
        return [nameOf(i), { backends: [nameOf(i)], ...own }];
      }),
    ),
  };
  try {
    const gateway = await startGateway({
      config: JSON.stringify(config),
      env: { [keyVariable]: standInKey },
      ...parts,
    });
    return {
      gateway,
      violations: () => tellers.flatMap(({ violations }) => violations()),
      hear: (place) => hear(gateway, nameOf(place), calls[place]!, tellers[place]!.said),
      close: async () => {
        await gateway.close();
        await closeTellers();
        Reflect.deleteProperty(process.env, keyVariable);
      },
    };
  } catch (thrown) {
    await closeTellers();
    throw thrown;
  }
}

async function hear(
  { url: apiUrl, wsUrl }: TestGateway,
  agent: string,
  { kind, sentences, asks = 'Go on.' }: StageCall,
  said: SaidWords,
): Promise<Heard> {
  let callId = '';
  const onCallId = (id: string): void => void (callId = id);
  const url = `${wsUrl}/v1/realtime`;
  const ear = await Ear.connect(ownWire({ url, agent, onCallId }));
  const takesText = kind !== 'hydra';
  const firstAudioMs: (number | null)[] = [];
  while (firstAudioMs.length < sentences.length) {
    const from = ear.events.length;
    const askedAtMs = ear.nowMs;
    if (takesText) ear.send(question(asks));
    ear.send({ type: 'response.create' });
    await ear.waitFor('response.done', { from, timeoutMs: 60_000 });
    await ear.untilQuiet(200, 60_000);
    const first = ear.events
      .slice(from)
      .find(({ event }) => event.type === 'response.output_audio.delta');
    firstAudioMs.push(first === undefined ? null : first.atMs - askedAtMs);
  }
  const { heard, rateHz } = ear.recording();
  const numbers = hearNumbers(heard, rateHz).map(({ number }) => number);
  const { underruns } = ear;
  const answer = await fetch(`${apiUrl}/api/calls/${callId}`);
  const { events } = (await answer.json()) as { readonly events: readonly GateEvent[] };
  const gateEvents = events.filter(({ type }) => type.startsWith('gate.'));
  await ear.close();
  return { gateEvents, callId, said, numbers, firstAudioMs, underruns };
}

function question(text: string): { readonly type: string; readonly item: object } {
  const content = [{ type: 'input_text', text }];
  return {
    type: 'conversation.item.create',
    item: { type: 'message', role: 'user', content },
  };
}
