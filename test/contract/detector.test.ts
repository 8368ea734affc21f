import { SileroDetector } from '../../adapters/detectors/silero-vad/silero-detector.ts';
import { systemClock } from '../../src/time/clock.ts';
import { EnergyDetector } from '../support/energy-detector.ts';
import { describeDetectorContract } from './detector-contract.ts';

describeDetectorContract('energy', () => new EnergyDetector());
describeDetectorContract('silero-vad', () => new SileroDetector({ clock: systemClock }));
