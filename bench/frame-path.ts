/**
 * What single steps of a frame's way cost, each beside what it replaced:
 *
 *     npx node bench/frame-path.ts
 *
 * Prints one JSON object: µs for one operation, the median of seven runs, with all runs beside it.
 * 20 ms of PCM16 at 24 kHz, one process, nothing else.
 */
import { randomBytes } from 'node:crypto';
import { scanAudioDelta } from '../adapters/backends/openai-realtime/audio-delta.ts';
import { dialects } from '../adapters/backends/openai-realtime/dialects.ts';
import { MessageReader } from '../adapters/clients/openai-realtime/append-frame.ts';
import { decode } from '../adapters/clients/openai-realtime/decode.ts';
import { EventWriter } from '../adapters/clients/openai-realtime/event-text.ts';
import { asciiFrame } from '../src/streams/text-frame.ts';
import { SilenceGate } from '../adapters/detectors/silero-vad/silence-gate.ts';
import { Base64Bytes } from '../src/audio/base64-bytes.ts';
import { ChunkHistory } from '../src/audio/chunk-history.ts';
import { createResampler, prepareResampler } from '../src/audio/resampler.ts';
import { pcm24k } from '../src/audio/format.ts';
import { randomIds } from '../src/time/ids.ts';
import type { ServerEvent } from '../protocol/openai-realtime/server-events.ts';
import { median, rounded } from './lib/distribution.ts';

const runs = 7;
const operations = 50_000;
const delta = Buffer.alloc(960, 7).toString('base64');
const message = Buffer.from(JSON.stringify({ type: 'input_audio_buffer.append', audio: delta }));
const context = { inputFormat: pcm24k, outputFormat: pcm24k, backend: 'bench' };
const event: ServerEvent = {
  type: 'response.output_audio.delta',
  event_id: 'event_AAAAAAAAAAAAAAAAAAAAA',
  response_id: 'resp_AAAAAAAAAAAAAAAAAAAAA',
  item_id: 'item_AAAAAAAAAAAAAAAAAAAAA',
  output_index: 0,
  content_index: 0,
  delta,
};

await prepareResampler();
const ids = randomIds(randomBytes);
const writer = new EventWriter();
const reader = new MessageReader(() => null);
const resampler = createResampler({ fromHz: 24_000, toHz: 16_000 });
const upstream = Buffer.from(JSON.stringify(event));
const decoded = Base64Bytes.decode(delta) ?? new Uint8Array(0);
const plain = Uint8Array.from(decoded);
const history = new ChunkHistory(pcm24k, 15_000);
const gate = new SilenceGate();
const silence = new Float32Array(512);
const samples = new Float32Array(480).fill(0.1);
/** Keeps results from being optimised away. */
let kept = 0;

const steps: Readonly<Record<string, () => void>> = {
  'id: 21 random bytes': () => (kept += randomBytes(21).length),
  'id: stem and count': () => (kept += ids.next('event').length),
  'append: parsed': () => (kept += decode(message.toString(), context).kind.length),
  'append: known frame': () => (kept += reader.read(message, context).kind.length),
  'delta: JSON.stringify': () => (kept += Buffer.from(JSON.stringify(event)).length),
  'delta: set into a frame': () => {
    const written = writer.write(event);
    kept += asciiFrame(typeof written === 'string' ? [written] : written).length;
  },
  'delta of the upstream: scanned': () =>
    (kept += scanAudioDelta(upstream, dialects.openai)?.bytes.length ?? 0),
  'base64: decoded and checked': () => (kept += Base64Bytes.decode(delta)?.length ?? 0),
  'history: a frame copied in': () => {
    history.append({
      ...pcm24k,
      startSample: history.endSample,
      samples: 480,
      bytes: plain,
      atMs: 0,
    });
    kept += 1;
  },
  'base64: encoded again': () => (kept += Base64Bytes.encode(plain).length),
  'base64: as it came': () => (kept += Base64Bytes.encode(decoded).length),
  'detector: a silent frame': () => (kept += gate.isSilent(silence) ? 1 : 2),
  'resampling 24 to 16 kHz': () => (kept += resampler.process(samples).length),
};

const usPerOperation = Object.fromEntries(
  Object.entries(steps).map(([name, step]) => {
    time(step);
    const runsUs = Array.from({ length: runs }, () => rounded(time(step)));
    return [name, { median: median(runsUs), runs: runsUs }];
  }),
);
console.log(JSON.stringify({ node: process.versions.node, operations, usPerOperation }, null, 2));
if (kept === 0) process.exitCode = 1;

/** µs for one operation. */
function time(step: () => void): number {
  const startMs = performance.now();
  for (let operation = 0; operation < operations; operation += 1) step();
  return ((performance.now() - startMs) * 1000) / operations;
}
