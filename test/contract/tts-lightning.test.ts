import { describeHostedVoice } from './tts-hosted.ts';

describeHostedVoice('lightning', { wordTimes: true });
