import { describe, expect, it } from 'vitest';
import {
  createdLine,
  encodeAppend,
  encodeCancel,
  encodeConfigure,
  encodeCreate,
  encodeOutput,
  encodeTools,
} from '../../../../../adapters/backends/hydra/encode.ts';
import {
  clientEventSchemas,
  type ClientEvent,
} from '../../../../../protocol/hydra/client-events.ts';
import { pcm24k } from '../../../../../src/audio/format.ts';
import type { CallSettings } from '../../../../../src/ports/settings.ts';

const settings: CallSettings = {
  instructions: 'Be brief.',
  voice: null,
  modality: 'audio',
  inputFormat: pcm24k,
  outputFormat: pcm24k,
  turnDetection: null,
  callerTranscripts: false,
  tools: [{ name: 'f', description: 'Does it.', parameters: { type: 'object' } }],
  toolChoice: { mode: 'auto' },
  maxOutputTokens: 'inf',
};

describe('hydra, writing', () => {
  it.each<ClientEvent>([
    encodeConfigure(settings, { defaultVoice: null, speaksFirst: false }),
    encodeConfigure({ ...settings, voice: 'leo' }, { defaultVoice: 'zoe', speaksFirst: true }),
    encodeTools(settings.tools),
    encodeTools([{ name: 'g', description: null, parameters: null }]),
    encodeOutput('call_1', ''),
    encodeCreate('line_1'),
    encodeCancel('resp_1'),
    JSON.parse(encodeAppend(new Uint8Array(640))) as ClientEvent,
  ])('keeps to the schema: $type', (event) => {
    expect(clientEventSchemas[event.type].parse(event)).toEqual(event);
  });

  it('names a voice where there is one', () => {
    const voiceOf = (voice: string | null, defaultVoice: string | null): unknown => {
      const event = encodeConfigure({ ...settings, voice }, { defaultVoice, speaksFirst: false });
      return event.type === 'session.configure' ? event.session.voice : null;
    };
    expect(voiceOf(null, null)).toBeUndefined();
    expect(voiceOf(null, 'zoe')).toBe('zoe');
    expect(voiceOf('leo', 'zoe')).toBe('leo');
  });

  it('writes the bytes of a view, and no others', () => {
    const all = Uint8Array.from([9, 9, 1, 2, 3, 4, 9]);
    expect(JSON.parse(encodeAppend(all.subarray(2, 6)))).toEqual({
      type: 'input_audio_buffer.append',
      audio: 'AQIDBA==',
    });
  });

  it('finds the line of a request again', () => {
    const event = encodeCreate('line_7');
    expect(createdLine(event.event_id ?? null)).toBe('line_7');
    expect(createdLine('configure')).toBeNull();
    expect(createdLine(null)).toBeNull();
  });
});
