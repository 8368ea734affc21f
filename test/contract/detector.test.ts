import { EnergyDetector } from '../../adapters/detectors/energy/energy-detector.ts';
import { SileroDetector } from '../../adapters/detectors/silero-vad/silero-detector.ts';
import { systemClock } from '../../src/time/clock.ts';
import { EnergyDetector as LevelDetector } from '../support/energy-detector.ts';
import { describeDetectorContract } from './detector-contract.ts';

describeDetectorContract('the level detector of tests', () => new LevelDetector());
describeDetectorContract('energy', () => new EnergyDetector());
describeDetectorContract('silero-vad', () => new SileroDetector({ clock: systemClock }));
