import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { audio, ask, CallHarness, done, settle } from '../../support/call-harness.ts';
import { bytesPerSample, pcm24k, pcma8k, pcmu8k, samplesToMs } from '../../../src/audio/format.ts';
import { prepareResampler } from '../../../src/audio/resampler.ts';
import { ScriptedBackend, turnCapabilities } from '../../support/scripted-backend.ts';
import { squareOf } from '../../support/format-sounds.ts';
import type { AudioFormat } from '../../../src/audio/format.ts';

beforeAll(prepareResampler);

const format = fc.constantFrom<AudioFormat>(pcm24k, pcmu8k, pcma8k);
const formats = fc.record({ client: format, backend: format });
const cuts = fc.array(fc.integer({ min: 1, max: 4000 }), { minLength: 1, maxLength: 30 });
const stretches = fc.array(
  fc.record({ loud: fc.boolean(), ms: fc.integer({ min: 20, max: 1500 }) }),
  { minLength: 2, maxLength: 6 },
);

interface Pair {
  readonly client: AudioFormat;
  readonly backend: AudioFormat;
}

/** A call whose client and backend speak these formats, both ways. */
async function openCall({ client, backend }: Pair): Promise<CallHarness> {
  const capabilities = { ...turnCapabilities, inputFormats: [backend], outputFormats: [backend] };
  const harness = await CallHarness.open({ backends: [new ScriptedBackend({ capabilities })] });
  harness.ok({ type: 'configure', patch: { inputFormat: client, outputFormat: client } });
  return harness;
}

/** Streams audio in pieces of these lengths, each as soon as it was spoken. */
async function heard(pair: Pair, wave: Uint8Array, samples: readonly number[]) {
  const harness = await openCall(pair);
  const width = bytesPerSample(pair.client.codec);
  for (let from = 0, index = 0; from < wave.byteLength; index += 1) {
    const chunk = wave.slice(from, from + samples[index % samples.length]! * width);
    harness.clock.advance(samplesToMs(chunk.byteLength / width, pair.client.rateHz));
    expect(harness.call.pushAudio(chunk).ok).toBe(true);
    from += chunk.byteLength;
  }
  await settle();
  const chunks = harness.session.audio;
  await harness.end();
  const turns = harness
    .entries('turn.committed')
    .map(({ itemId, fromSample, toSample }) => [itemId, fromSample, toSample]);
  return { turns, chunks };
}

it('any split of the same audio gives the same turns and the same bytes, in any two formats', async () => {
  await fc.assert(
    fc.asyncProperty(formats, stretches, cuts, async (pair, parts, lengths) => {
      const wave = Buffer.concat(
        parts.map(({ loud, ms }) => squareOf(pair.client, ms, loud ? 0.18 : 0)),
      );
      const cut = await heard(pair, wave, lengths);
      const plain = await heard(pair, wave, [pair.client.rateHz / 50]);
      expect(cut.turns).toEqual(plain.turns);
      const bytes = (chunks: typeof cut.chunks): Buffer =>
        Buffer.concat(chunks.map((chunk) => chunk.bytes));
      expect(Buffer.compare(bytes(cut.chunks), bytes(plain.chunks))).toBe(0);
      let endSample = 0;
      for (const { startSample, samples, codec, rateHz } of cut.chunks) {
        expect({ codec, rateHz }).toEqual(pair.backend);
        expect(startSample).toBe(endSample);
        endSample += samples;
      }
      const saidMs =
        wave.byteLength / bytesPerSample(pair.client.codec) / (pair.client.rateHz / 1000);
      const sentMs = samplesToMs(endSample, pair.backend.rateHz);
      expect(sentMs).toBeLessThanOrEqual(saidMs + 0.125);
      // What a change of rate holds back.
      expect(sentMs).toBeGreaterThan(saidMs - 15);
    }),
    { numRuns: 40, seed: 20_261_120 },
  );
});

it('a line is as long for the client as for its backend, in any two formats and any pieces', async () => {
  await fc.assert(
    fc.asyncProperty(
      formats,
      fc.integer({ min: 1, max: 3000 }),
      cuts,
      async (pair, ms, lengths) => {
        const harness = await openCall(pair);
        harness.ok(ask);
        const wave = squareOf(pair.backend, ms);
        const width = bytesPerSample(pair.backend.codec);
        for (let from = 0, index = 0; from < wave.byteLength; index += 1) {
          const chunk = wave.slice(from, from + lengths[index % lengths.length]! * width);
          harness.session.emit(audio('line_1', chunk));
          from += chunk.byteLength;
          // A call takes what came while a backend's queue fills with single samples.
          if (index % 1000 === 999) await settle();
        }
        harness.session.emit(done('line_1'));
        await settle();
        for (let waitedMs = 0; waitedMs < ms + 500; waitedMs += 100) await harness.pass(100);
        const { extent } = harness.last('line.closed');
        const bytes = harness.view.bytes('line_1').byteLength;
        const sentMs = bytes / bytesPerSample(pair.client.codec) / (pair.client.rateHz / 1000);
        expect(extent.generatedMs).toBeCloseTo(ms, 9);
        expect(extent.sentMs).toBeCloseTo(sentMs, 9);
        expect(sentMs).toBeCloseTo(ms, 9);
        await harness.end();
      },
    ),
    { numRuns: 40, seed: 20_261_121 },
  );
});
