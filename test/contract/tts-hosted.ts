import { toneEar } from '../upstream/openai-speech/tone-voice.ts';
import type { VoiceFault as StandInFault } from '../upstream/tts/options.ts';
import { VoiceStandInRig, vendors, type VendorName } from '../upstream/tts/rig.ts';
import { describeTtsContract, type VoiceFault } from './tts-contract.ts';

const faults: Readonly<Record<VoiceFault, StandInFault>> = {
  refuse: { kind: 'refuse', status: 503 },
  hang_opening: { kind: 'hang' },
  before_audio: { kind: 'drop', at: 'text' },
  in_audio: { kind: 'close', code: 1011, reason: 'as told', at: 'audio', afterMs: 600 },
};

/** The suite of voices, against the vendor's stand-in. @param options of the voice that differ */
export function describeHostedVoice(name: VendorName, options: object = {}): void {
  const around = {
    clock: { nowMs: () => 0, epochMs: () => 0, timerAt: () => ({ cancel: () => undefined }) },
    env: {},
    readText: () => Promise.reject(new Error('no file is to be read here')),
    resolvePath: (path: string) => path,
    pulledModel: () => null,
  };
  const { capabilities } = vendors[name].port(options, around);
  describeTtsContract(name, {
    capabilities,
    faults: Object.keys(faults) as VoiceFault[],
    setUp: async ({ fault, pace }) => {
      const rig = await VoiceStandInRig.start(
        name,
        {
          realTimeFactor: pace === 'slow' ? 1 : 20,
          oddBytes: true,
          fault: fault === null ? null : faults[fault],
          faultyConnections: fault === 'refuse' ? Infinity : 1,
        },
        options,
      );
      return {
        port: rig.port,
        clock: rig.clock,
        pass: rig.pass,
        speaking: rig.speaking,
        ear: toneEar,
        upstream: {
          working: () => rig.server.stats.working,
          connections: () => rig.server.stats.connections,
        },
        close: () => rig.close(),
      };
    },
  });
}
