import { expect, test } from 'vitest';

import { asciiText } from '../../../adapters/speech/local/flite/readable.ts';
import { modelFile } from '../../../adapters/speech/local/shared/model-folder.ts';
import { voiceModel } from '../../../adapters/speech/local/sherpa-tts/voice-files.ts';

const folder = '/m';

test.each([
  [
    [
      'model.onnx',
      'voices.bin',
      'tokens.txt',
      'espeak-ng-data',
      'lexicon-us-en.txt',
      'lexicon-zh.txt',
    ],
    'kokoro',
    {
      kokoro: {
        model: '/m/model.onnx',
        voices: '/m/voices.bin',
        tokens: '/m/tokens.txt',
        dataDir: '/m/espeak-ng-data',
        lexicon: '/m/lexicon-us-en.txt,/m/lexicon-zh.txt',
      },
    },
  ],
  [
    ['model-steps-3.onnx', 'vocos-22khz-univ.onnx', 'tokens.txt', 'espeak-ng-data'],
    'matcha',
    {
      matcha: {
        acousticModel: '/m/model-steps-3.onnx',
        vocoder: '/m/vocos-22khz-univ.onnx',
        lexicon: '',
        tokens: '/m/tokens.txt',
        dataDir: '/m/espeak-ng-data',
      },
    },
  ],
  [
    ['vits-ljs.onnx', 'lexicon.txt', 'tokens.txt'],
    'vits',
    {
      vits: {
        model: '/m/vits-ljs.onnx',
        lexicon: '/m/lexicon.txt',
        tokens: '/m/tokens.txt',
        dataDir: '',
      },
    },
  ],
])('%j is a %s', (names, kind, config) => {
  expect(voiceModel({ folder, names })).toEqual({ kind, config });
});

test('what is missing is named', () => {
  expect(() => voiceModel({ folder, names: ['a.onnx'] })).toThrow(
    'the model folder /m has no tokens.txt',
  );
  expect(() => voiceModel({ folder, names: ['tokens.txt'] })).toThrow('/m has no model (*.onnx)');
});

test('the precision that is wanted goes first, the other one will do', () => {
  const names = ['encoder.int8.onnx', 'encoder.onnx', 'joiner.onnx'];
  const find = (pattern: RegExp, int8: boolean): string =>
    modelFile({ folder, names }, pattern, { what: 'it', int8 });
  expect(find(/^encoder/, true)).toBe('/m/encoder.int8.onnx');
  expect(find(/^encoder/, false)).toBe('/m/encoder.onnx');
  expect(find(/^joiner/, true)).toBe('/m/joiner.onnx');
});

test.each([
  ['“Hello” — it’s fine…', `"Hello" , it's fine.`],
  ['Straße, Øresund, naïve café', 'Strasse, Oresund, naive cafe'],
  ['one 你好 two', 'one two'],
  ['a\0b\nc', 'a b c'],
])('%j reads %j', (text, read) => expect(asciiText(text)).toBe(read));
