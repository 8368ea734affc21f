import { pcm24k, type AudioFormat } from '../../src/audio/format.ts';
import { createResampler } from '../../src/audio/resampler.ts';
import { decodeSamples, encodeSamples } from '../../src/audio/samples.ts';
import type { Connect } from './wire.ts';

/** What a caller's line speaks, each way for itself. */
export interface TelephoneFormats {
  readonly input: AudioFormat;
  readonly output: AudioFormat;
}

/** The `session.audio` that asks for these formats. */
export function wireFormats({ input, output }: TelephoneFormats): {
  readonly input: object;
  readonly output: object;
} {
  return { input: { format: wireFormat(input) }, output: { format: wireFormat(output) } };
}

/**
 * A wire whose far end speaks other formats than the ear does: what the ear sends is turned into
 * the one, and what comes into the ear's own. The resampler must have been loaded.
 */
export function telephoneWire(connect: Connect, { input, output }: TelephoneFormats): Connect {
  return async (handlers) => {
    const microphone = transcoder(pcm24k, input);
    const receiver = transcoder(output, pcm24k);
    const wire = await connect({
      ...handlers,
      audio: (itemId, bytes) => handlers.audio(itemId, receiver.convert(bytes)),
      closed: (code, reason) => {
        microphone.close();
        receiver.close();
        handlers.closed(code, reason);
      },
    });
    return {
      ...wire,
      sendAudio: (bytes) => {
        // The filter of the microphone's resampler fills with its first chunk.
        const converted = microphone.convert(bytes);
        if (converted.byteLength > 0) wire.sendAudio(converted);
      },
    };
  };
}

function transcoder(from: AudioFormat, to: AudioFormat) {
  const resampler = createResampler({ fromHz: from.rateHz, toHz: to.rateHz });
  let open = true;
  return {
    /** Nothing once it is closed: the microphone may still be on when the line goes down. */
    convert: (bytes: Uint8Array): Uint8Array =>
      open
        ? encodeSamples(resampler.process(decodeSamples(bytes, from.codec)), to.codec)
        : new Uint8Array(0),
    close: () => {
      open = false;
      resampler.close();
    },
  };
}

function wireFormat({ codec, rateHz }: AudioFormat): object {
  switch (codec) {
    case 'pcm16':
      return { type: 'audio/pcm', rate: rateHz };
    case 'pcmu':
      return { type: 'audio/pcmu' };
    case 'pcma':
      return { type: 'audio/pcma' };
  }
}
