import { describe, expect, it } from 'vitest';
import { addressOf } from '../../../../../adapters/backends/gemini-live/address.ts';
import { settingsChange } from '../../../../../adapters/backends/gemini-live/context-updates.ts';
import { familyOf } from '../../../../../adapters/backends/gemini-live/families.ts';
import { geminiLiveOptions } from '../../../../../adapters/backends/gemini-live/index.ts';
import {
  connectionSetup,
  toolBehavior,
  wireSetup,
  type SetupFrame,
} from '../../../../../adapters/backends/gemini-live/setup.ts';
import { pcm16k, pcm24k } from '../../../../../src/audio/format.ts';
import type { CallSettings } from '../../../../../src/ports/settings.ts';

const settings: CallSettings = {
  instructions: 'Be brief.',
  voice: 'Kore',
  modality: 'audio',
  inputFormat: pcm16k,
  outputFormat: pcm24k,
  turnDetection: {
    kind: 'server_vad',
    threshold: 0.5,
    prefixPaddingMs: 300,
    silenceDurationMs: 700,
    createResponse: true,
    interruptResponse: true,
    idleTimeoutMs: null,
  },
  callerTranscripts: true,
  tools: [{ name: 'find_room', description: 'Finds it.', parameters: { $ref: '#/x' } }],
  toolChoice: { mode: 'auto' },
  maxOutputTokens: 'inf',
};

function frame(options: object = {}, authority: SetupFrame['authority'] = 'gateway'): SetupFrame {
  const parsed = geminiLiveOptions.parse(options);
  return { options: parsed, family: familyOf(parsed.model), authority };
}

describe('gemini-live, the setup', () => {
  it('holds the settings of the call', () => {
    expect(
      wireSetup(settings, frame({ language: 'de-DE', transcriptionLanguages: ['de'] })),
    ).toEqual({
      model: 'models/gemini-3.8-live',
      generationConfig: {
        responseModalities: ['AUDIO'],
        speechConfig: {
          voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Kore' } },
          languageCode: 'de-DE',
        },
      },
      systemInstruction: { parts: [{ text: 'Be brief.' }] },
      tools: [
        {
          functionDeclarations: [
            {
              name: 'find_room',
              description: 'Finds it.',
              parametersJsonSchema: { $ref: '#/x' },
              behavior: 'BLOCKING',
            },
          ],
        },
      ],
      realtimeInputConfig: { automaticActivityDetection: { disabled: true } },
      inputAudioTranscription: { languageCodes: ['de'] },
      outputAudioTranscription: { languageCodes: ['de-DE'] },
      contextWindowCompression: { slidingWindow: {} },
    });
  });

  it('leaves out what nobody asked for', () => {
    const bare = wireSetup(
      { ...settings, instructions: '', tools: [], callerTranscripts: false, voice: null },
      frame({ compression: false }),
    );
    for (const key of ['systemInstruction', 'tools', 'inputAudioTranscription', 'proactivity']) {
      expect(bare).not.toHaveProperty(key);
    }
    expect(bare).not.toHaveProperty('contextWindowCompression');
    expect(bare.generationConfig).not.toHaveProperty('maxOutputTokens');
    expect(bare.generationConfig.speechConfig?.voiceConfig?.prebuiltVoiceConfig.voiceName).toBe(
      'Puck',
    );
  });

  it('never copies prefix padding: here it means another thing', () => {
    const { realtimeInputConfig } = wireSetup(settings, frame({}, 'backend'));
    expect(realtimeInputConfig).toEqual({ automaticActivityDetection: { silenceDurationMs: 700 } });
  });

  it('writes counts of tokens as text, limits as numbers', () => {
    const compression = { triggerTokens: 20_000, targetTokens: 8000 };
    const setup = wireSetup({ ...settings, maxOutputTokens: 200 }, frame({ compression }));
    expect(setup.contextWindowCompression).toEqual({
      triggerTokens: '20000',
      slidingWindow: { targetTokens: '8000' },
    });
    expect(setup.generationConfig.maxOutputTokens).toBe(200);
  });

  it('never writes a handle of null', () => {
    const setup = wireSetup(settings, frame());
    const none = connectionSetup(setup, { handle: null, announcesHistory: false });
    expect(none.sessionResumption).toEqual({});
    expect(none).not.toHaveProperty('historyConfig');
    const some = connectionSetup(setup, { handle: 'h', announcesHistory: true });
    expect(some.sessionResumption).toEqual({ handle: 'h' });
    expect(some.historyConfig).toEqual({ initialHistoryInClientContent: true });
  });

  it.each([
    ['gemini-3.8-live', 'blocking', 'BLOCKING'],
    ['gemini-3.8-live', 'asynchronous', 'NON_BLOCKING'],
    ['gemini-3.8-live-extended-thinking', 'blocking', 'NON_BLOCKING'],
    ['gemini-3.1-flash-live-preview', 'asynchronous', 'BLOCKING'],
    ['gemini-2.5-flash-native-audio-preview-12-2025', 'asynchronous', 'NON_BLOCKING'],
    ['a-model-of-tomorrow', 'blocking', 'BLOCKING'],
  ])('calls tools as the model can: %s, %s', (model, tools, behavior) => {
    expect(toolBehavior(frame({ model, tools }))).toBe(behavior);
  });
});

describe('gemini-live, settings that change', () => {
  const before = wireSetup(settings, frame());
  const change = (differing: Partial<CallSettings>, updates = true): string =>
    settingsChange(before, wireSetup({ ...settings, ...differing }, frame()), updates).kind;

  it('tells what an open connection takes, and reconnects for the rest', () => {
    expect(change({})).toBe('none');
    expect(change({ instructions: 'Sing.' })).toBe('told');
    expect(change({ instructions: '', tools: [] })).toBe('told');
    expect(change({ instructions: 'Sing.' }, false)).toBe('reconnect');
    expect(change({ voice: 'Puck' })).toBe('reconnect');
    expect(change({ instructions: 'Sing.', maxOutputTokens: 9 })).toBe('reconnect');
  });

  it('tells only what is new', () => {
    const wanted = wireSetup({ ...settings, tools: [] }, frame());
    expect(settingsChange(before, wanted, true)).toEqual({
      kind: 'told',
      message: { contextUpdate: { tools: { tools: [] } } },
    });
  });
});

describe('gemini-live, the address', () => {
  const path = '/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent';
  const options = geminiLiveOptions.parse({});

  it('pins the version and carries the key in the query', () => {
    expect(addressOf(options, 'a&b')).toEqual({
      url: `wss://generativelanguage.googleapis.com${path}?key=a%26b`,
      headers: {},
    });
    expect(addressOf(options, null).url).toBe(`wss://generativelanguage.googleapis.com${path}`);
  });

  it('carries it in a header where it is asked to', () => {
    const address = addressOf(geminiLiveOptions.parse({ keyIn: 'header' }), 'k');
    expect(address.url).not.toContain('?');
    expect(address.headers).toEqual({ 'x-goog-api-key': 'k' });
  });

  it.each(['ws://127.0.0.1:9', 'ws://127.0.0.1:9/'])('has one slash behind %s', (url) => {
    expect(addressOf({ ...options, url }, null).url).toBe(`ws://127.0.0.1:9${path}`);
  });

  it('keeps the path of a proxy', () => {
    expect(addressOf({ ...options, url: 'wss://proxy/gemini/' }, null).url).toBe(
      `wss://proxy/gemini${path}`,
    );
  });

  it('opens with an ephemeral token', () => {
    const { url } = addressOf(options, 'auth_tokens/abc');
    expect(url).toContain(
      '.v1alpha.GenerativeService.BidiGenerateContentConstrained?access_token=',
    );
  });
});

describe('gemini-live, options', () => {
  it.each([
    { model: 'models/gemini-3.8-live' },
    { voice: 'alloy' },
    { url: 'https://example.org' },
    { url: 'wss://user:pass@example.org' },
    { url: 'wss://example.org?key=1' },
    { apiVersion: 'v2' },
    { connectionLimitMs: 1 },
    { apiKey: 'k' },
  ])('refuses %j', (options) => {
    expect(geminiLiveOptions.safeParse(options).success).toBe(false);
  });
});
