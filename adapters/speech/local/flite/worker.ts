// The thread in which flite speaks, for all calls.
import { workerData } from 'node:worker_threads';

import { serveVoice } from '../shared/voice-thread.ts';
import { loadFlite, type FliteStart } from './flite-engine.ts';

serveVoice(() => loadFlite(workerData as FliteStart));
