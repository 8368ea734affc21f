import { modelFile, optionalFile, type ModelFiles } from '../shared/model-folder.ts';

/** A model's files in the words of the engine's configuration. */
export interface VoiceModel {
  readonly kind: 'kokoro' | 'matcha' | 'vits';
  readonly config: Readonly<Record<string, unknown>>;
}

const vocoder = /^(vocos|hifigan|.*vocoder).*\.onnx$/i;

/**
 * Tells by its files which kind of voice a folder holds: `voices.bin` makes it Kokoro, a vocoder
 * Matcha, anything else is VITS (Piper among it).
 * @throws CallError `model_unavailable` naming what is missing
 */
export function voiceModel(files: ModelFiles): VoiceModel {
  const tokens = modelFile(files, /^tokens\.txt$/, { what: 'tokens.txt' });
  const dataDir = optionalFile(files, 'espeak-ng-data');
  const lexicon = lexicons(files);
  if (files.names.includes('voices.bin')) {
    const model = modelFile(files, /\.onnx$/, { what: 'model (*.onnx)' });
    const voices = optionalFile(files, 'voices.bin');
    const kokoro = { model, voices, tokens, dataDir, lexicon };
    return { kind: 'kokoro', config: { kokoro } };
  }
  if (files.names.some((name) => vocoder.test(name))) {
    const names = files.names.filter((name) => !vocoder.test(name));
    const acousticModel = modelFile({ ...files, names }, /\.onnx$/, { what: 'acoustic model' });
    const matcha = {
      acousticModel,
      vocoder: modelFile(files, vocoder, { what: 'vocoder' }),
      lexicon,
      tokens,
      dataDir,
    };
    return { kind: 'matcha', config: { matcha } };
  }
  const model = modelFile(files, /\.onnx$/, { what: 'model (*.onnx)' });
  return { kind: 'vits', config: { vits: { model, lexicon, tokens, dataDir } } };
}

/** All `lexicon*.txt`, as the engine wants them: separated by commas. */
function lexicons(files: ModelFiles): string {
  const names = files.names.filter((name) => /^lexicon.*\.txt$/.test(name)).toSorted();
  return names.map((name) => optionalFile(files, name)).join(',');
}
