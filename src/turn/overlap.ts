import { cut, andThen, withFloor, type Outcome } from './outcome.ts';
import { believed, believedWords, proof, suspicion } from './suspicion.ts';
import { meanPause } from './end-of-turn.ts';
import { weigh } from './words.ts';
import type { OverlapState, TurnState } from './state.ts';
import type { EchoPathReport, TurnEffect, TurnEvent, TurnInput, Verdict } from './vocabulary.ts';
import type { TurnOptions } from './options.ts';

type Candidate = OverlapState & { kind: 'candidate' };
type Lingering = OverlapState & { kind: 'lingering' };
type Reason = (TurnEvent & { type: 'interruption' })['by'];

/** Speech shorter than this is a noise, ms: a cough lasts 120, the shortest word twice that. */
const noiseMs = 160;
/** An interruption classifier's say. */
const interruptLimit = 0.5;

/** [T20] Whether caller speech over the agent is judged here, before anything is cut. */
export function judgesOverlap({ authority, detection }: TurnOptions): boolean {
  return authority === 'gateway' && detection?.interruptResponse === true;
}

/** [T20], [T25], [T40]: speech begins while the agent has the floor. Nothing is shown yet. */
export function beginOver(
  before: TurnState,
  speechMs: number,
  nowMs: number,
  options: TurnOptions,
): Outcome {
  const { times } = options;
  const { caller, agent } = before;
  if (caller.kind !== 'speaking' || agent.kind === 'idle') return [before, []];
  const place = placeOf(before, nowMs, times);
  return andThen(settleLingering(before), (state) => {
    const overlap: Candidate = {
      kind: 'candidate',
      sinceMs: nowMs,
      speechMs,
      echoMs: 0,
      text: '',
      place,
      ...suspicion(state, options),
      quietAtMs: null,
      provenMs: 0,
      foreign: false,
    };
    const withheld: TurnState = { ...state, caller: { ...caller, shown: false }, overlap };
    if (place === 'end' || agent.floor === 'held') return [withheld, []];
    const effect: TurnEffect =
      place === 'after' ? { type: 'hold' } : { type: 'duck', gainDb: times.duckDb };
    const floor = place === 'after' ? 'held' : 'ducked';
    return [{ ...withheld, agent: withFloor(agent, floor) }, [effect]];
  });
}

function placeOf(
  { agent }: TurnState,
  nowMs: number,
  times: TurnOptions['times'],
): Candidate['place'] {
  if (agent.kind !== 'speaking') return 'after';
  // [T25] The caller went on before the answer can have been heard.
  if (nowMs - agent.sinceMs < times.retractHeardMs) return 'after';
  // [T24]
  if (agent.endsAtMs !== null && agent.endsAtMs - nowMs <= times.tailMs) return 'end';
  const asked = agent.endsAtMs === null || agent.endsAtMs - nowMs <= times.questionMs;
  return agent.question && asked ? 'answer' : 'over';
}

/** A frame that goes on with speech: [T21] and the judge. */
export function hearOver(
  state: TurnState,
  heard: { readonly speechMs: number; readonly echoPath: EchoPathReport },
  nowMs: number,
  options: TurnOptions,
): Outcome {
  const { overlap, agent } = state;
  if (overlap.kind !== 'candidate') return [state, []];
  const speechMs = overlap.speechMs + heard.speechMs;
  const { echoPath } = heard;
  const provenMs = overlap.provenMs + proof(overlap, heard.speechMs, { nowMs, echoPath }, options);
  const longer: TurnState = { ...state, overlap: { ...overlap, speechMs, provenMs } };
  const holds =
    (overlap.place === 'over' || overlap.place === 'answer') &&
    agent.kind !== 'idle' &&
    agent.floor !== 'held' &&
    speechMs >= options.times.holdMs;
  const next: Outcome = holds
    ? [{ ...longer, agent: withFloor(agent, 'held') }, [{ type: 'hold' }]]
    : [longer, []];
  return andThen(next, (now) => judge(now, nowMs, options));
}

/** A frame that sounds like speech, but like the agent's own. */
export function silenceOver(state: TurnState, echoMs: number): TurnState {
  const { overlap } = state;
  return overlap.kind === 'candidate'
    ? { ...state, overlap: { ...overlap, echoMs: overlap.echoMs + echoMs } }
    : state;
}

/** [T23] Silence over the agent: after some of it the speech is over. */
export function pauseOver(state: TurnState, nowMs: number, options: TurnOptions): Outcome {
  const { caller, overlap } = state;
  if (caller.kind !== 'paused' || overlap.kind !== 'candidate') return [state, []];
  // [T24] What is said in the agent's last words waits for them to be heard out.
  if (overlap.place === 'end') return [state, []];
  const silenceMs = state.audioMs - caller.lastSpeechAudioMs;
  return silenceMs < options.times.resumeMs ? [state, []] : endOver(state, nowMs, options);
}

/** [T23], [T24], [T4]: speech over the agent is over without having been an interruption. */
export function endOver(state: TurnState, nowMs: number, options: TurnOptions): Outcome {
  const { caller, overlap } = state;
  if (overlap.kind !== 'candidate' || (caller.kind !== 'paused' && caller.kind !== 'speaking')) {
    return [state, []];
  }
  const answers = overlap.place === 'answer' && verdictOf(overlap) === 'backchannel';
  if (answers && (believed(overlap, options) || overlap.foreign)) {
    return yieldFloor(state, 'answer', nowMs, options);
  }
  const { audioStartMs, onsetAudioMs, lastSpeechAudioMs } = caller;
  const { sinceMs, speechMs, echoMs, text, suspect, doubted, provenMs, foreign } = overlap;
  const lingering: Lingering = {
    kind: 'lingering',
    sinceMs,
    untilMs: nowMs + (options.senses.partials ? options.times.lingerMs : 0),
    audioStartMs,
    onsetAudioMs,
    lastSpeechAudioMs,
    speechMs,
    echoMs,
    text,
    suspect,
    doubted,
    provenMs,
    foreign,
    answers,
    floorAudioMs: state.floorAudioMs,
  };
  const quiet: TurnState = {
    ...state,
    caller: { kind: 'silent' },
    overlap: lingering,
    floorAudioMs: Math.max(state.floorAudioMs, state.audioMs),
  };
  const after: Outcome = options.senses.partials ? [quiet, []] : settleLingering(quiet);
  return andThen(after, (now) => release(now, nowMs));
}

/** Words of the caller over the agent, while it is judged or shortly after: [T22], [T23]. */
export function wordsOver(
  state: TurnState,
  { text, echo, foreign = false, type }: TurnInput & { type: 'partial' | 'final' },
  nowMs: number,
  options: TurnOptions,
): Outcome {
  const { overlap } = state;
  if (overlap.kind === 'none') return [state, []];
  // [T28]
  const heard: Outcome =
    echo === true
      ? [{ ...state, overlap: { ...overlap, echoMs: overlap.speechMs } }, []]
      : judge(
          { ...state, overlap: { ...overlap, ...own(overlap), text, foreign } },
          nowMs,
          options,
        );
  return andThen(heard, (now) =>
    now.overlap.kind === 'lingering' && type === 'final' ? settleLingering(now) : [now, []],
  );
}

/** Words of the caller's own take back what an echo's words had made of the speech. */
function own({ echoMs, speechMs }: Candidate | Lingering): { readonly echoMs: number } {
  return { echoMs: echoMs >= speechMs ? 0 : echoMs };
}

/** [T22] An interruption classifier spoke. */
export function classified(
  state: TurnState,
  probability: number,
  nowMs: number,
  options: TurnOptions,
): Outcome {
  return state.overlap.kind === 'candidate' && probability >= interruptLimit
    ? yieldFloor(state, 'classifier', nowMs, options)
    : [state, []];
}

/** [T22], [T25] Whether what is known of speech over the agent makes an interruption of it. */
export function judge(state: TurnState, nowMs: number, options: TurnOptions): Outcome {
  const { overlap } = state;
  if (overlap.kind === 'none') return [state, []];
  const reason = reasonToYield(overlap, options);
  return reason === null ? [state, []] : yieldFloor(state, reason, nowMs, options);
}

/** [T22], [T25] What makes caller speech an interruption. */
function reasonToYield(overlap: Candidate | Lingering, options: TurnOptions): Reason | null {
  const { senses, times } = options;
  const place = overlap.kind === 'candidate' ? overlap.place : 'over';
  if (place === 'end') return null;
  const voiced = verdictOf(overlap) === 'backchannel';
  const worded = voiced && believedWords(overlap, options);
  const { stop, words, content } = weigh(worded ? overlap.text : '');
  const long = (neededMs: number): boolean =>
    voiced && overlap.speechMs >= neededMs && believed(overlap, options);
  if (place === 'after') {
    return content > 0 || long(times.continueMs) ? 'continuation' : null;
  }
  if (stop || words >= 2 || (content > 0 && overlap.speechMs >= times.oneWordMs)) {
    return 'words';
  }
  if (overlap.kind === 'lingering') {
    return voiced && overlap.answers && overlap.foreign ? 'answer' : null;
  }
  return long(senses.partials ? times.yieldUnheardMs : times.yieldMs) ? 'speech' : null;
}

/** [T26] The agent gives up the floor: now the speech is shown, with its true start. */
export function yieldFloor(
  state: TurnState,
  by: Reason,
  nowMs: number,
  { times }: TurnOptions,
): Outcome {
  const { overlap, agent } = state;
  if (overlap.kind === 'none') return [state, []];
  const talking = talkingBefore(state, overlap);
  const { caller } = talking;
  if (caller.kind !== 'speaking' && caller.kind !== 'paused') return [state, []];
  const { audioStartMs } = caller;
  // [T40]
  const retracts =
    overlap.kind === 'candidate' &&
    overlap.place === 'after' &&
    state.committedAtMs !== null &&
    overlap.sinceMs - state.committedAtMs <= times.retractMs;
  const effects: readonly TurnEffect[] = [
    { type: 'event', event: { type: 'speechStarted', audioStartMs } },
    { type: 'event', event: { type: 'interruption', by, judgedMs: nowMs - overlap.sinceMs } },
    ...(retracts ? [{ type: 'retractTurn' } as const] : []),
    // It may have fallen silent by itself while words were on their way.
    ...(agent.kind === 'idle' ? [] : cut),
  ];
  const sinceEndMs =
    state.committedAtMs === null || state.speechEndAtMs === null
      ? 0
      : overlap.sinceMs - state.speechEndAtMs;
  return [
    {
      ...talking,
      caller: { ...caller, shown: true },
      agent: withFloor(agent, 'full'),
      overlap: { kind: 'none' },
      owesAnswer: false,
      idleArmed: false,
      calmUntilMs: null,
      committedAtMs: null,
      pauseMs: retracts ? meanPause(state.pauseMs, sinceEndMs) : state.pauseMs,
      transcript: overlap.text === '' ? null : { text: overlap.text, sinceMs: nowMs },
    },
    effects,
  ];
}

/** Speech that was over and turned out to be a turn goes on where it stopped. */
function talkingBefore(state: TurnState, overlap: Candidate | Lingering): TurnState {
  if (overlap.kind === 'candidate') return state;
  const { audioStartMs, onsetAudioMs, lastSpeechAudioMs, floorAudioMs } = overlap;
  const caller = {
    kind: 'paused',
    audioStartMs,
    onsetAudioMs,
    lastSpeechAudioMs,
    shown: false,
    askedMs: 0,
    score: null,
  } as const;
  return { ...state, caller, floorAudioMs };
}

/** [T23] It was no interruption, and no word can make it one any more. */
export function settleLingering(state: TurnState): Outcome {
  const { overlap } = state;
  if (overlap.kind !== 'lingering') return [state, []];
  const { audioStartMs, lastSpeechAudioMs, text } = overlap;
  const event = {
    type: 'speechDismissed',
    verdict: verdictOf(overlap),
    audioStartMs,
    audioEndMs: lastSpeechAudioMs,
    text,
  } as const;
  return [{ ...state, overlap: { kind: 'none' } }, [{ type: 'event', event }]];
}

/** [T24] What is over when the agent falls silent, and was a noise or an echo, is no answer. */
export function dismissNoise(state: TurnState): Outcome {
  const { caller, overlap } = state;
  if (caller.kind !== 'paused' || overlap.kind !== 'candidate') return [state, []];
  const verdict = verdictOf(overlap);
  if (verdict === 'backchannel') return [state, []];
  const { audioStartMs, lastSpeechAudioMs: audioEndMs } = caller;
  const { text } = overlap;
  const event = { type: 'speechDismissed', verdict, audioStartMs, audioEndMs, text } as const;
  const floorAudioMs = Math.max(state.floorAudioMs, state.audioMs);
  return [
    { ...state, caller: { kind: 'silent' }, overlap: { kind: 'none' }, floorAudioMs },
    [{ type: 'event', event }],
  ];
}

/** [T23] Call time at which speech that nothing has decided is over: the agent is not kept for it. */
export function judgeAtMs({ overlap }: TurnState, { times }: TurnOptions): number | null {
  return overlap.kind === 'candidate' && overlap.place !== 'end'
    ? overlap.sinceMs + times.judgeMs
    : null;
}

/** [T23] Call time at which words come too late. */
export function lingerAtMs({ overlap }: TurnState): number | null {
  return overlap.kind === 'lingering' ? overlap.untilMs : null;
}

function verdictOf({ speechMs, echoMs }: Candidate | Lingering): Verdict {
  if (echoMs > 0 && echoMs * 2 >= speechMs) return 'echo';
  return speechMs < noiseMs ? 'noise' : 'backchannel';
}

/** [T23] The agent goes on, unless it is kept for the sake of calm ([T63]). */
export function release(state: TurnState, nowMs: number): Outcome {
  const { agent, calmUntilMs } = state;
  if (calmUntilMs !== null && nowMs < calmUntilMs) return [state, []];
  if (agent.kind === 'idle' || agent.floor === 'full') return [{ ...state, calmUntilMs: null }, []];
  return [{ ...state, calmUntilMs: null, agent: withFloor(agent, 'full') }, [{ type: 'resume' }]];
}

/** [T63] Call time at which the answer is calm enough; a judgement goes first. */
export function calmAtMs({ calmUntilMs, overlap }: TurnState): number | null {
  return overlap.kind === 'candidate' ? null : calmUntilMs;
}

/** [T11] Settings changed under a judgement: the client judges now, or nobody listens. */
export function reconcile(state: TurnState, nowMs: number, options: TurnOptions): Outcome {
  const { overlap, caller } = state;
  if (overlap.kind === 'none' || judgesOverlap(options)) return [state, []];
  if (overlap.kind === 'lingering') return settleLingering(state);
  const shown: Outcome =
    caller.kind === 'speaking' || caller.kind === 'paused'
      ? [
          {
            ...state,
            caller: { ...caller, shown: true },
            overlap: { kind: 'none' },
            owesAnswer: false,
          },
          [
            {
              type: 'event',
              event: { type: 'speechStarted', audioStartMs: caller.audioStartMs },
            },
          ],
        ]
      : [{ ...state, overlap: { kind: 'none' } }, []];
  return andThen(shown, (now) => release(now, nowMs));
}
