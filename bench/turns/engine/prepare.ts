import { generateDialogue } from '../dialogues/generate.ts';
import type { GeneratorParameters } from '../dialogues/parameters.ts';
import { dialogueSounds, type ExchangeSounds } from '../sound/dialogue-sounds.ts';
import type { SpeechStore } from '../sound/speech-store.ts';
import { heardCaller } from './heard-parts.ts';
import type { OfflineSilero } from './offline-silero.ts';
import type { EchoDialogue } from './play-live.ts';
import type { PreparedDialogue } from './play.ts';

/** Dialogues whose speech is rendered at once: engines are processes of their own. */
const atOnce = 4;

/** The dialogues of a run: those whose caller's sound does not depend on the agent, and the others. */
export interface DialogueSet {
  readonly plain: readonly PreparedDialogue[];
  readonly echo: readonly EchoDialogue[];
}

export interface PrepareOptions {
  readonly dialogues: number;
  readonly store: SpeechStore;
  readonly silero: OfflineSilero;
  readonly parameters: GeneratorParameters;
  readonly progress: (line: string) => void;
}

/** Renders and scores the first `dialogues` dialogues of the generator. */
export async function prepareDialogues(options: PrepareOptions): Promise<DialogueSet> {
  const { dialogues, store, silero, parameters, progress } = options;
  const plain: PreparedDialogue[] = [];
  const echo: EchoDialogue[] = [];
  for (let from = 0; from < dialogues; from += atOnce) {
    const count = Math.min(atOnce, dialogues - from);
    const scripts = Array.from({ length: count }, (_, step) =>
      generateDialogue(from + step, parameters),
    );
    const sounds: readonly (readonly ExchangeSounds[])[] = await Promise.all(
      scripts.map((script) => dialogueSounds(script, store, parameters)),
    );
    for (const [index, script] of scripts.entries()) {
      const own = sounds[index]!;
      if (script.line.echo !== null) {
        echo.push({ script, sounds: own });
        continue;
      }
      const heard = await heardCaller(script, own, { silero, parameters });
      plain.push({ script, sounds: own, heard });
    }
    const done = from + count;
    if (done % 40 === 0 || done === dialogues) progress(`  ${done} of ${dialogues} dialogues made`);
  }
  return { plain, echo };
}
