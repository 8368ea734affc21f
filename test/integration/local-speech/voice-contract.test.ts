import { fliteTts, fliteTtsOptions } from '../../../adapters/speech/local/flite/index.ts';
import { sherpaTts, sherpaTtsOptions } from '../../../adapters/speech/local/sherpa-tts/index.ts';
import type { TextToSpeechPort } from '../../../src/ports/text-to-speech.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { describeTtsContract } from '../../contract/tts-contract.ts';
import { pause, standInFolder, surroundings } from './rig.ts';

function describeLocal(name: string, make: () => TextToSpeechPort): void {
  describeTtsContract(name, {
    capabilities: make().capabilities,
    faults: [],
    setUp: () => {
      const port = make();
      return Promise.resolve({
        port,
        clock: systemClock,
        pass: pause,
        speaking: { voice: null, language: null, format: { codec: 'pcm16', rateHz: 24_000 } },
        ear: null,
        upstream: null,
        close: () => port.close(),
      });
    },
  });
}

describeLocal('flite', () => fliteTts(fliteTtsOptions.parse({ voice: 'kal16' }), surroundings));
describeLocal('sherpa with a stand-in model', () => {
  const options = sherpaTtsOptions.parse({ modelFolder: standInFolder('vits-ljs'), threads: 1 });
  return sherpaTts(options, surroundings);
});
