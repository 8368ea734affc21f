import type { GeneratorParameters } from '../dialogues/parameters.ts';
import type { DialogueScript } from '../dialogues/script.ts';
import type { PlayedDialogue } from '../scoring/observed.ts';
import type { ExchangeSounds } from '../sound/dialogue-sounds.ts';
import { soundRateHz } from '../sound/fragment.ts';
import { createResampler, prepareResampler } from '../../../src/audio/resampler.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { distribution, type Distribution } from '../../lib/distribution.ts';
import { DialogueCall } from './dialogue-call.ts';
import {
  DialogueGateway,
  wireRateHz,
  type AgentSound,
  type GatewayDialogue,
} from './dialogue-gateway.ts';

const format = { type: 'audio/pcm', rate: wireRateHz };

/** The balanced profile in the wire's words. */
const session = {
  type: 'realtime',
  output_modalities: ['audio'],
  audio: {
    input: {
      format,
      turn_detection: {
        type: 'semantic_vad',
        eagerness: 'medium',
        create_response: true,
        interrupt_response: true,
      },
    },
    output: { format },
  },
};

/** Calls begin so long after one another, ms: their pieces do not all fall on the same moment. */
const betweenMs = 67;

/** A dialogue with the sounds of both sides. */
interface SoundDialogue {
  readonly script: DialogueScript;
  readonly sounds: readonly ExchangeSounds[];
}

export interface RealTimeRun {
  readonly played: readonly PlayedDialogue[];
  /** How late the callers' own pieces left, ms: the harness's share of every delay. */
  readonly harnessLateMs: Distribution;
  /** Calls that failed, and why. */
  readonly failures: readonly string[];
}

/** Plays dialogues without echo through a gateway in a process of its own, all at once, in real time. */
export async function playRealTime(
  dialogues: readonly SoundDialogue[],
  { parameters, exchanges }: { parameters: GeneratorParameters; exchanges?: number },
): Promise<RealTimeRun> {
  await prepareResampler();
  const prepared = dialogues.map(({ script, sounds }): GatewayDialogue & SoundDialogue => ({
    script,
    sounds,
    answers: answersOf(script, sounds),
  }));
  const gateway = await DialogueGateway.start(prepared);
  try {
    const calls = prepared.map(async ({ sounds, ...dialogue }, index) => {
      await passed(index * betweenMs);
      return await DialogueCall.play({
        url: gateway.realtimeUrl,
        dialogue,
        sounds,
        parameters,
        clock: systemClock,
        session,
        ...(exchanges === undefined ? {} : { exchanges }),
      });
    });
    const settled = await Promise.allSettled(calls);
    const done = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    return {
      played: done.map(({ played }) => played),
      harnessLateMs: distribution(done.flatMap(({ lateMs }) => lateMs)),
      failures: settled.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : [])),
    };
  } finally {
    await gateway.end();
  }
}

/** What the agent will say, in the order in which a dialogue without mishaps asks for it. */
function answersOf(
  script: DialogueScript,
  sounds: readonly ExchangeSounds[],
): readonly AgentSound[] {
  return sounds.flatMap(({ agent, reply }, index) => {
    const turn = script.exchanges[index]!.agent;
    const delayMs = turn.answerDelayMs;
    const answer = { text: turn.text, samples: atWireRate(agent), delayMs };
    const replied = { text: turn.reply, samples: atWireRate(reply), delayMs };
    return turn.overlap.kind === 'interruption' ? [answer, replied] : [answer];
  });
}

function atWireRate(sound: Float32Array): Float32Array {
  const resampler = createResampler({ fromHz: soundRateHz, toHz: wireRateHz });
  const head = resampler.process(sound);
  const tail = resampler.flush();
  resampler.close();
  const whole = new Float32Array(head.length + tail.length);
  whole.set(head);
  whole.set(tail, head.length);
  return whole;
}

function passed(durationMs: number): Promise<undefined> {
  const done = Promise.withResolvers<undefined>();
  systemClock.timerAt(systemClock.nowMs() + durationMs, () => done.resolve(undefined));
  return done.promise;
}
