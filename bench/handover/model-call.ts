import { Ear } from '../../test/ear/ear.ts';
import { openAiWire } from '../../test/conformance/openai-wire.ts';
import { SaidSound } from '../../test/ear/said-sound.ts';
import { systemClock } from '../../src/time/clock.ts';
import { callerSpeech, turnDetection } from './caller-speech.ts';
import { handoversIn, type HandoverGateway, type Handovers } from './gateway.ts';
import { judge, judgedRateHz } from './judge.ts';
import { callerNumbers } from './script.ts';

/** Turns of each call (a count): one more than may lose a backend. */
const turns = 3;
/** Silence that ends an answer, and longest wait for one, ms. */
const quietMs = 1500;
const answerMs = 20_000;

export const modelMoments = ['speech', 'before', 'mid-word', 'pause'] as const;

/** A call in which a model package fails, or takes over. */
export interface ModelKill {
  readonly call: number;
  readonly agent: string;
  readonly moment: (typeof modelMoments)[number];
  /** In which turn, counted from 0, and where in the moment, as a share. */
  readonly turn: number;
  readonly place: number;
}

export interface ModelCall extends ModelKill {
  readonly failure: string | null;
  readonly ended: boolean;
  readonly handovers: Handovers;
  /** The caller's words that nobody said back, in turns in which everybody heard all of her. */
  readonly lostCaller: readonly number[];
  /** The same of the turn in which somebody died. */
  readonly lostInDeath: readonly number[];
  readonly clientErrors: number;
}

/** Makes one call with the stock client. Never rejects. @param kill makes the backend of a call fail */
export async function callAModel(
  plan: ModelKill,
  gateway: HandoverGateway,
  kill: (callId: string) => void,
): Promise<ModelCall> {
  const said = new SaidSound();
  let callId = '';
  const wire = openAiWire({
    url: gateway.url,
    ca: gateway.certificate,
    model: plan.agent,
    onCallId: (id) => (callId = id),
  });
  const input = { turn_detection: turnDetection('heard'), transcription: { model: 'any' } };
  const ear = await Ear.connect(said.through(wire), {
    session: { type: 'realtime', audio: { input } },
    playout: { bufferMs: 400 },
    line: { noiseDbfs: null, seed: plan.call + 1 },
  });
  let failure: string | null = null;
  try {
    for (let turn = 0; turn < turns; turn += 1) {
      await talk(ear, turn, turn === plan.turn ? { ...plan, die: () => kill(callId) } : null);
    }
  } catch (thrown) {
    failure = thrown instanceof Error ? thrown.message : String(thrown);
  }
  const ended = ear.closed !== undefined;
  await ear.close().catch(() => undefined);
  const log = await gateway.logOf(callId).catch(() => []);
  const expected = Array.from({ length: turns }, (_, turn) => callerNumbers(turn)).flat();
  const sound = { said: said.samples, played: new Float32Array(0) };
  const { lostCaller } = judge(sound, expected, null);
  const dying = callerNumbers(plan.turn);
  return {
    ...plan,
    failure,
    ended,
    handovers: handoversIn(log),
    lostCaller: lostCaller.filter((number) => !dying.includes(number)),
    lostInDeath: lostCaller.filter((number) => dying.includes(number)),
    clientErrors: ear.types.filter((type) => type === 'error').length + ear.failures.length,
  };
}

type Death = Pick<ModelKill, 'moment' | 'place'> & { readonly die: () => void };

async function talk(ear: Ear, turn: number, death: Death | null): Promise<void> {
  const samples = callerSpeech(turn, 'heard');
  const from = ear.events.length;
  const { left } = ear.say(samples);
  const { moment = null, place = 0, die = () => undefined } = death ?? {};
  if (moment === 'speech') {
    const afterMs = place * ((samples.length * 1000) / judgedRateHz);
    systemClock.timerAt(systemClock.nowMs() + afterMs, die);
  }
  await left;
  if (moment === 'before') {
    await ear.pause(place * 500);
    die();
  } else if (moment === 'mid-word') {
    await ear.untilPlaying(50);
    await ear.pause(place * 1000);
    die();
  }
  // What a model that knows nothing of the turn has not heard it does not answer.
  const answered = ear.waitFor('response.done', { from, timeoutMs: answerMs });
  if (moment === null || moment === 'pause') await answered;
  else await Promise.race([answered.catch(() => undefined), ear.pause(4 * quietMs)]);
  await ear.untilQuiet(quietMs);
  if (moment === 'pause') die();
}
