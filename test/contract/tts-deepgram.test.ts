import { describeHostedVoice } from './tts-hosted.ts';

describeHostedVoice('aura');
describeHostedVoice('flux');
