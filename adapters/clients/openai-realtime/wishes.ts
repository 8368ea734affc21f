import type { RealtimeUpdate } from '../../../protocol/openai-realtime/session.ts';
import type { BackendCapabilities } from '../../../src/ports/backend.ts';
import { unsupported } from './errors.ts';

/** What a wish was read as, and where it stands in the event. */
interface Wish {
  readonly param: string;
  readonly what: string;
  readonly wished: boolean;
}

/**
 * Wishes that no backend here fulfils. Mostly the session that answers says what is in force instead;
 * who talks to a model without turns that can be told what to do is refused, because such a session
 * is fixed once it has begun and cannot be put right by a second update.
 *
 * @throws CallError `unsupported_by_backend`; the value that is in force anyway is no wish
 */
export function checkWishes(
  update: RealtimeUpdate,
  { capabilities, backend }: { readonly capabilities: BackendCapabilities; backend: string },
): void {
  if (capabilities.promptable !== true) return;
  const { audio, include, prompt, reasoning, truncation } = update;
  const wishes: readonly Wish[] = [
    {
      param: 'session.audio.input.noise_reduction',
      what: 'Noise reduction',
      wished: isGiven(audio?.input?.noise_reduction),
    },
    {
      param: 'session.audio.output.speed',
      what: 'Another speed of speech',
      wished: (audio?.output?.speed ?? 1) !== 1,
    },
    { param: 'session.prompt', what: 'A stored prompt', wished: isGiven(prompt) },
    { param: 'session.reasoning', what: 'Reasoning effort', wished: isGiven(reasoning) },
    {
      param: 'session.truncation',
      what: 'Another truncation of the context',
      wished: isGiven(truncation) && truncation !== 'auto',
    },
    {
      param: 'session.include',
      what: 'Further parts of events',
      wished: isGiven(include) && !(Array.isArray(include) && include.length === 0),
    },
  ];
  const first = wishes.find(({ wished }) => wished);
  if (first !== undefined) throw unsupported(first.param, first.what, backend);
}

function isGiven(wish: unknown): boolean {
  return wish !== undefined && wish !== null;
}
