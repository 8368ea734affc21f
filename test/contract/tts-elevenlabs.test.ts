import { describeHostedVoice } from './tts-hosted.ts';

describeHostedVoice('elevenlabs');
