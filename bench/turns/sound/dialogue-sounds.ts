import { seedOf } from '../dialogues/draws.ts';
import type { GeneratorParameters } from '../dialogues/parameters.ts';
import type { CallerTurn, DialogueScript, Overlap } from '../dialogues/script.ts';
import { recognise, recogniseCough, type RecognisedWord } from '../dialogues/transcript.ts';
import { soundRateHz, type Sound } from './fragment.ts';
import { cough } from './noise.ts';
import { joinFragments, type Saying } from './saying.ts';
import type { SpeechStore } from './speech-store.ts';

/** Something said and what a recogniser would make of it. */
export interface CallerPart extends Saying {
  readonly seed: number;
  readonly recognised: readonly RecognisedWord[];
}

export interface ExchangeSounds {
  readonly turn: CallerPart;
  /** `null` where nothing happens over the agent. */
  readonly overlap: CallerPart | null;
  readonly agent: Sound;
  readonly reply: Sound;
}

/** Renders what the script says. */
export async function dialogueSounds(
  script: DialogueScript,
  store: SpeechStore,
  parameters: GeneratorParameters,
): Promise<readonly ExchangeSounds[]> {
  const sounds: ExchangeSounds[] = [];
  for (const [index, { turn, agent }] of script.exchanges.entries()) {
    const seed = seedOf(script.seed, 'exchange', index);
    sounds.push({
      turn: await turnPart(turn, { script, store, parameters, seed: seedOf(seed, 'turn') }),
      overlap: await overlapPart(agent.overlap, {
        script,
        store,
        parameters,
        seed: seedOf(seed, 'overlap'),
      }),
      agent: await store.agent(agent.text, script.agentVoice),
      reply: await store.agent(agent.reply, script.agentVoice),
    });
  }
  return sounds;
}

interface PartContext {
  readonly script: DialogueScript;
  readonly store: SpeechStore;
  readonly parameters: GeneratorParameters;
  readonly seed: number;
}

async function turnPart(turn: CallerTurn, context: PartContext): Promise<CallerPart> {
  const { script, store, parameters, seed } = context;
  const fragments = await Promise.all(
    turn.fragments.map((fragment) => store.fragment(fragment, script.callerVoice)),
  );
  const saying = joinFragments(fragments);
  return { ...saying, seed, recognised: recognise(saying.words, seed, parameters) };
}

async function overlapPart(overlap: Overlap, context: PartContext): Promise<CallerPart | null> {
  const { script, store, parameters, seed } = context;
  switch (overlap.kind) {
    case 'none':
      return null;
    case 'cough': {
      const sound = cough(seed, overlap.bursts, parameters.cough);
      const endMs = (sound.length * 1000) / soundRateHz;
      return {
        sound,
        gaps: [],
        words: [],
        seed,
        recognised: recogniseCough(endMs, seed, parameters),
      };
    }
    case 'backchannel':
    case 'interruption': {
      const fragment = await store.fragment(overlap.fragment, script.callerVoice);
      const saying = joinFragments([fragment]);
      return { ...saying, seed, recognised: recognise(saying.words, seed, parameters) };
    }
  }
}
