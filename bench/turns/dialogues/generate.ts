import { Draws, seedOf } from './draws.ts';
import { holdMs } from './holds.ts';
import type { GeneratorParameters } from './parameters.ts';
import type {
  AgentTurn,
  CallerLine,
  CallerTurn,
  DialogueScript,
  Exchange,
  Fragment,
  Gap,
  Overlap,
  SyntheticVoice,
} from './script.ts';
import {
  agentQuestions,
  agentReplies,
  agentStatements,
  backchannels,
  continuations,
  falseStarts,
  heldSentences,
  interruptions,
  shortAnswers,
  wholeSentences,
} from './texts.ts';

const callerVoices: readonly SyntheticVoice[] = [
  { engine: 'flite', voice: 'slt' },
  { engine: 'flite', voice: 'rms' },
  { engine: 'flite', voice: 'awb' },
  { engine: 'flite', voice: 'kal16' },
  { engine: 'espeak-ng', voice: 'en-us' },
  { engine: 'espeak-ng', voice: 'en-gb' },
  { engine: 'espeak-ng', voice: 'en-us+f3' },
  { engine: 'espeak-ng', voice: 'en-gb+f2' },
  { engine: 'espeak-ng', voice: 'en-gb-scotland+m3' },
  { engine: 'espeak-ng', voice: 'en-029+m2' },
];
const agentVoices: readonly SyntheticVoice[] = [
  { engine: 'flite', voice: 'slt' },
  { engine: 'flite', voice: 'rms' },
];

/** The dialogue with this number. Pure: the same number and parameters give the same script. */
export function generateDialogue(index: number, parameters: GeneratorParameters): DialogueScript {
  const seed = seedOf(parameters.baseSeed, 'dialogue', index);
  const draws = new Draws(seed);
  const callerVoice = draws.pick(callerVoices);
  const agentVoice = draws.pick(agentVoices.filter(({ voice }) => voice !== callerVoice.voice));
  const recorded = draws.chance(parameters.recordedCallers);
  const line = drawLine(draws, parameters);
  const exchanges: Exchange[] = [];
  let asked = false;
  for (let at = 0; at < parameters.exchangesPerDialogue; at += 1) {
    const short = asked && draws.chance(parameters.shortAnswers);
    const turn = short ? shortTurn(draws, parameters) : longTurn(draws, parameters, recorded);
    const agent = agentTurn(draws, parameters);
    exchanges.push({ turn, agent });
    asked = agent.question;
  }
  return { index, seed, callerVoice, recorded, agentVoice, line, exchanges };
}

function drawLine(draws: Draws, parameters: GeneratorParameters): CallerLine {
  const { echo } = parameters;
  const snr = draws.weighted(parameters.snrDb);
  const telephone = draws.chance(parameters.telephone);
  const hasEcho = draws.chance(echo.share);
  const path = {
    delayMs: Math.round(draws.between(echo.delayMs)),
    lossDb: round(draws.between(echo.lossDb)),
  };
  return {
    snrDb: snr === 'clean' ? null : Number(snr),
    telephone,
    echo: hasEcho ? path : null,
  };
}

function longTurn(draws: Draws, parameters: GeneratorParameters, recorded: boolean): CallerTurn {
  const kind = draws.weighted(parameters.turnKinds);
  const resumption = (): Gap => ({
    kind: 'resumption',
    lengthMs: Math.round(draws.between(parameters.resumptionMs)),
  });
  const part = (text: string, gap: Gap | null): Fragment => ({
    text,
    recording: recorded ? draws.index(2 ** 31) : null,
    targetMs: null,
    gap,
  });
  const afterAgentMs = parameters.nextTurnAfterMs;
  switch (kind) {
    case 'held': {
      const sentence = draws.pick(heldSentences);
      const parts = draws.chance(parameters.threeFragments)
        ? sentence
        : [sentence[0]!, sentence.slice(1).join(' ')];
      const fragments = parts.map((text, at) => {
        const lengthMs = Math.round(holdMs(draws.unit()));
        return part(text, at === parts.length - 1 ? null : { kind: 'hold', lengthMs });
      });
      return { kind, fragments, afterAgentMs };
    }
    case 'whole':
      return { kind, fragments: [part(draws.pick(wholeSentences), null)], afterAgentMs };
    case 'resumed': {
      const fragments = [
        part(draws.pick(wholeSentences), resumption()),
        part(draws.pick(continuations), null),
      ];
      return { kind, fragments, afterAgentMs };
    }
    case 'falseStart': {
      const start = { ...part(draws.pick(falseStarts), resumption()), recording: null };
      return { kind, fragments: [start, part(draws.pick(wholeSentences), null)], afterAgentMs };
    }
  }
}

function shortTurn(draws: Draws, parameters: GeneratorParameters): CallerTurn {
  const text = draws.pick(shortAnswers);
  const early = draws.chance(parameters.earlyAnswers);
  const beforeMs = draws.between(parameters.earlyAnswerBeforeEndMs);
  const afterMs = draws.between(parameters.shortAnswerAfterMs);
  return {
    kind: 'short',
    fragments: [{ text, recording: null, targetMs: null, gap: null }],
    afterAgentMs: Math.round(early ? -beforeMs : afterMs),
  };
}

function agentTurn(draws: Draws, parameters: GeneratorParameters): AgentTurn {
  const question = draws.chance(parameters.questions);
  return {
    text: draws.pick(question ? agentQuestions : agentStatements),
    question,
    answerDelayMs: Math.round(draws.between(parameters.answerDelayMs)),
    overlap: overlap(draws, parameters),
    reply: draws.pick(agentReplies),
  };
}

function overlap(draws: Draws, parameters: GeneratorParameters): Overlap {
  const kind = draws.weighted(parameters.overlapKinds);
  const place = round(draws.unit());
  switch (kind) {
    case 'none':
      return { kind };
    case 'cough':
      return { kind, place, bursts: draws.chance(parameters.cough.secondBurst) ? 2 : 1 };
    case 'backchannel': {
      const { p50, sigma } = parameters.backchannelMs;
      const targetMs = Math.round(p50 * Math.exp(sigma * draws.normal()));
      const text = draws.pick(backchannels);
      return { kind, place, fragment: { text, recording: null, targetMs, gap: null } };
    }
    case 'interruption': {
      const text = draws.pick(interruptions);
      return { kind, place, fragment: { text, recording: null, targetMs: null, gap: null } };
    }
  }
}

function round(value: number): number {
  return Math.round(value * 1e3) / 1e3;
}
