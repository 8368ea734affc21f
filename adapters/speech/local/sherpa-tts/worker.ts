// The thread in which sherpa-onnx speaks, for all calls.
import { workerData } from 'node:worker_threads';

import { serveVoice } from '../shared/voice-thread.ts';
import { loadSherpaVoice, type SherpaVoiceStart } from './sherpa-engine.ts';

serveVoice(() => loadSherpaVoice(workerData as SherpaVoiceStart));
