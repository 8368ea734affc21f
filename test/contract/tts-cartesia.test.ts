import { describeHostedVoice } from './tts-hosted.ts';

describeHostedVoice('cartesia');
