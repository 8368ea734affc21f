import { BrokenRule, type Promises } from './promises.ts';
import type { TurnEffect, TurnInput } from '../../src/turn/vocabulary.ts';
import type { TurnOptions } from '../../src/turn/options.ts';

/** One step of the machine. */
interface Taken {
  readonly promises: Promises;
  /** Nothing has the floor before it. */
  readonly silent: boolean;
  readonly input: TurnInput;
  readonly effects: readonly TurnEffect[];
  readonly options: TurnOptions;
}

const cut = ['cancelGeneration', 'flushPlayback', 'truncate'];

/** Holds a step against what the rules promise of it. @throws BrokenRule */
export function watch(taken: Taken): Promises {
  const { promises, input, effects } = taken;
  checkCut(taken);
  let { shown, speculationId, answered, takenMs } = promises;
  if (input.type === 'client.commit' || input.type === 'client.clear') {
    shown = false;
    takenMs = input.audioMs;
  }
  for (const effect of effects) {
    if (effect.type === 'event') shown = shownAfter(shown, effect.event.type);
    else if (effect.type === 'commitTurn') {
      answered = false;
      const { fromAudioMs, toAudioMs } = effect;
      if (fromAudioMs === null || toAudioMs === null) continue;
      demand(fromAudioMs >= takenMs, '[T2] audio is committed twice');
      demand(toAudioMs >= fromAudioMs, '[T2] a turn ends before it starts');
      takenMs = toAudioMs;
    } else if (effect.type === 'startResponse') {
      answered = true;
      if (effect.speculationId === undefined) continue;
      demand(effect.speculationId === speculationId, '[T51] what is adopted was not begun');
      speculationId = null;
    } else if (effect.type === 'speculate') {
      demand(speculationId === null, '[T50] two speculations at once');
      ({ speculationId } = effect);
    } else if (effect.type === 'dropSpeculation') {
      demand(effect.speculationId === speculationId, '[T51] what is dropped was not begun');
      speculationId = null;
    } else if (effect.type === 'retractTurn') {
      demand(answered, '[T40] no answered turn to retract');
      answered = false;
    }
  }
  const requests = effects.filter(({ type }) => type === 'startResponse' || type === 'say');
  demand(requests.length <= 1, '[T14] one step asks for two answers');
  return { shown, speculationId, answered, takenMs };
}

function shownAfter(
  shown: boolean,
  event: (TurnEffect & { type: 'event' })['event']['type'],
): boolean {
  if (event === 'speechStarted') demand(!shown, '[T7] speech starts twice');
  if (event === 'speechStopped') demand(shown, '[T7] speech stops that was not shown');
  if (event === 'speechDismissed') demand(!shown, '[T23] speech is dismissed that was shown');
  return event === 'speechStarted' || (shown && event !== 'speechStopped');
}

/** [T10] to [T13]: who may cut, and how. */
function checkCut({ silent, input, effects, options }: Taken): void {
  const names: readonly string[] = effects.map(({ type }) => type);
  const parts = names.filter((name) => cut.includes(name));
  if (names.includes('retractTurn')) {
    demand(
      names.indexOf('retractTurn') < names.indexOf('cancelGeneration'),
      '[T40] before the cut',
    );
  }
  if (parts.length === 0) return;
  demand(!silent, '[T10] a cut of an agent that is silent');
  demand(!names.includes('duck') && !names.includes('resume'), '[T21] ducking and history');
  const whole = parts.join() === cut.join();
  if (input.type === 'client.interrupt') demand(whole, '[T16] a part of a cut');
  else if (options.authority === 'gateway') demand(whole, '[T10] a part of a cut');
  else {
    demand(options.authority === 'backend', '[T12] the model is cut');
    demand(input.type === 'backend', '[T13] the backend is cut by somebody else');
    demand(parts.join() === 'flushPlayback,truncate', '[T13] its generation is its own');
  }
}

function demand(holds: boolean, promise: string): void {
  if (!holds) throw new BrokenRule(promise);
}
