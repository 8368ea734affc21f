import { dirname, resolve } from 'node:path';
import { pcm24k } from '../../../src/audio/format.ts';
import type {
  BackendCapabilities,
  BackendContext,
  BackendPort,
} from '../../../src/ports/backend.ts';
import { CallError } from '../../../src/ports/errors.ts';
import { derivedSeed, seededRandom } from './chance.ts';
import type { BelievedEntry } from './context.ts';
import { zeroCounters } from './counters.ts';
import { defaultScript } from './default-script.ts';
import type { RehearsalOptions } from './options.ts';
import { readRecordings, type ReadFile } from './recordings.ts';
import { parseScript, recordingsOf, toScript, type Script, type SpokenAnswer } from './script.ts';
import { RehearsalSession } from './session.ts';
import { recordedSpeech, type Speech } from './speech.ts';
import { Voice } from './voice.ts';

export { rehearsalOptionsSchema, type RehearsalOptions } from './options.ts';

const capabilities = {
  authorities: ['gateway'],
  cancel: true,
  truncate: true,
  commit: true,
  instructions: true,
  seedHistory: 'text',
  appendContext: true,
  outOfBand: true,
  tools: 'asynchronous',
  transcripts: { caller: true, agent: true, wordTimes: true },
  modalities: ['audio', 'text'],
  voices: 'any',
  inputFormats: [pcm24k],
  outputFormats: [pcm24k],
  fasterThanRealTime: true,
  sessionCapMs: null,
  resumption: false,
  verbatim: true,
  stages: true,
  standby: true,
} as const satisfies BackendCapabilities;

/** A backend that also tells tests what it believes was said. */
export interface RehearsalBackend extends BackendPort {
  /** Context of the call's open session, oldest first; `undefined` when it has none. */
  believed(callId: string): readonly BelievedEntry[] | undefined;
}

export interface RehearsalHost {
  /** Reads scripts and recordings. Relative paths are given as they stand in the configuration. */
  readonly readFile: ReadFile;
}

/**
 * A scripted backend: no model, no network, no key. See docs/rehearsal.md.
 *
 * @param name its name in the configuration
 */
export function rehearsalBackend(
  name: string,
  options: RehearsalOptions,
  { readFile }: RehearsalHost,
): RehearsalBackend {
  const counters = zeroCounters();
  const voice = new Voice();
  const sessions = new Set<RehearsalSession>();
  let loading: Promise<Repertoire> | undefined;

  /** Once; after a failure the next one tries again. */
  const load = (): Promise<Repertoire> => {
    loading ??= loadRepertoire(options.script, readFile).catch((thrown: unknown) => {
      loading = undefined;
      const why = thrown instanceof Error ? thrown.message : 'unreadable';
      throw new CallError('model_unavailable', `script of ${name}: ${why}`, { cause: thrown });
    });
    return loading;
  };

  const speakFrom =
    ({ recordings }: Repertoire) =>
    ({ text, recording, words }: SpokenAnswer, voiceName: string): Speech => {
      const pcm16 = recording === null ? undefined : recordings.get(recording);
      return pcm16 === undefined
        ? voice.speak(text, voiceName)
        : recordedSpeech(pcm16, text, words);
    };

  return {
    name,
    type: 'rehearsal',
    capabilities,
    prepare: async (signal) => {
      await load();
      throwIfAborted(signal);
    },
    open: async (context: BackendContext, signal) => {
      throwIfAborted(signal);
      if (options.fail?.kind === 'refuse') {
        throw new CallError('backend_refused', 'the rehearsal was told to refuse');
      }
      const repertoire = await load();
      throwIfAborted(signal);
      const session = new RehearsalSession({
        context,
        script: repertoire.script,
        speak: speakFrom(repertoire),
        firstAudioMs: options.firstAudioMs,
        shape: options.shape,
        realTimeFactor: options.realTimeFactor,
        random: seededRandom(derivedSeed(options.seed, counters.sessionsTotal)),
        fail: options.fail ?? null,
        counters,
        onClosed: () => sessions.delete(session),
      });
      sessions.add(session);
      return session;
    },
    figures: () => ({ ...counters, wordsKept: voice.kept }),
    close: () => {
      for (const session of [...sessions]) session.close();
      return Promise.resolve();
    },
    believed: (callId) => [...sessions].find((session) => session.callId === callId)?.believed,
  };
}

interface Repertoire {
  readonly script: Script;
  readonly recordings: ReadonlyMap<string, Uint8Array>;
}

async function loadRepertoire(
  script: RehearsalOptions['script'],
  readFile: ReadFile,
): Promise<Repertoire> {
  if (typeof script !== 'string') {
    const given = script === undefined ? defaultScript : toScript(script);
    return { script: given, recordings: await readRecordings(recordingsOf(given), readFile) };
  }
  const read = parseScript(new TextDecoder().decode(await readFile(script)));
  // Recordings lie beside the script that names them.
  const beside = (path: string): Promise<Uint8Array> => readFile(resolve(dirname(script), path));
  return { script: read, recordings: await readRecordings(recordingsOf(read), beside) };
}

function throwIfAborted(signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw new CallError('backend_refused', 'opening was given up', { cause: signal.reason });
}
