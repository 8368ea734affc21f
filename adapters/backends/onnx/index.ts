import { sameFormat, type AudioFormat } from '../../../src/audio/format.ts';
import type { BackendCapabilities, BackendPort } from '../../../src/ports/backend.ts';
import { CallError } from '../../../src/ports/errors.ts';
import type { Clock } from '../../../src/time/clock.ts';
import type { GraphManifest, PackageManifest } from '../../inference/manifest.ts';
import type { OpenModelLink } from '../../inference/model-link.ts';
import { readModelPackage } from '../../inference/model-package.ts';
import { ModelWorker } from '../../inference/model-worker.ts';
import type { OnnxOptions } from './options.ts';
import { openOnnxSession } from './session.ts';

export { onnxOptions } from './options.ts';

export interface OnnxBackendOptions {
  /** Name in the configuration. */
  readonly name: string;
  readonly options: OnnxOptions;
  /** The folder of a package that is named as the options name it. */
  readonly resolvePackage: (nameOrPath: string) => string;
  /** Paces the rows' input. */
  readonly clock: Clock;
  /** Starts the model's thread; the real one unless told otherwise. */
  readonly openLink?: OpenModelLink;
}

/**
 * A frame-synchronous model that runs in onnxruntime on this machine, in a thread of its own: it
 * listens while it speaks and has no turns. The manifest is read here, the graphs in `prepare`.
 * @throws CallError `model_unavailable` when the package has no sound manifest
 */
export function createOnnxBackend(options: OnnxBackendOptions): BackendPort {
  const model = readModelPackage(options.resolvePackage(options.options.package));
  const { manifest } = model;
  const capabilities = capabilitiesOf(manifest);
  const { clock, openLink } = options;
  const worker = new ModelWorker(
    openLink === undefined ? { model, clock } : { model, clock, openLink },
  );
  let closed = false;
  const prepare = async (signal: AbortSignal): Promise<void> => {
    if (closed) throw new CallError('model_unavailable', `model ${manifest.id} was closed`);
    await worker.prepare(signal);
  };
  return {
    name: options.name,
    type: 'onnx',
    capabilities,
    prepare,
    open: async ({ inputFormat, outputFormat, ids }, signal) => {
      const takes = capabilities.inputFormats.some((format) => sameFormat(format, inputFormat));
      const gives = capabilities.outputFormats.some((format) => sameFormat(format, outputFormat));
      if (!takes || !gives) {
        throw new CallError('unsupported_by_backend', `model ${manifest.id} has other formats`);
      }
      // A thread that died is started again by the next call.
      await prepare(signal);
      return openOnnxSession(worker, { ids, outputRateHz: manifest.clock.outputRateHz });
    },
    figures: () => worker.figures(),
    close: () => {
      closed = true;
      worker.close();
      return Promise.resolve();
    },
  };
}

function capabilitiesOf({ clock, graphs, streams }: PackageManifest): BackendCapabilities {
  const pcm16 = (rateHz: number): AudioFormat => ({ codec: 'pcm16', rateHz });
  return {
    authorities: ['model'],
    cancel: false,
    truncate: false,
    commit: false,
    instructions: false,
    seedHistory: 'none',
    appendContext: false,
    outOfBand: false,
    // It listens on while a tool runs, and speaks about the result when it gets it.
    tools: streams.tools === undefined ? 'none' : 'asynchronous',
    transcripts: {
      caller: false,
      agent: streams.text !== undefined,
      wordTimes: graphs.some(({ outputs }) => outputs.some(({ sink }) => sink === 'word_times')),
    },
    modalities: ['audio'],
    voices: null,
    inputFormats: [pcm16(clock.inputRateHz)],
    outputFormats: [pcm16(clock.outputRateHz)],
    fasterThanRealTime: false,
    sessionCapMs: memoryMs(graphs, clock.frameMs),
    resumption: false,
  };
}

/** How long a call can last before a state that only grows is full; `null` when none does. */
function memoryMs(graphs: readonly GraphManifest[], frameMs: number): number | null {
  const frames = graphs.flatMap(({ states }) =>
    states.flatMap(({ mode, shape }) => (mode === 'append' ? [shape[1] ?? 0] : [])),
  );
  return frames.length === 0 ? null : Math.min(...frames) * frameMs;
}
