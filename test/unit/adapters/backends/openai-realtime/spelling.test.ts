import { describe, expect, it } from 'vitest';
import type { ClientEvent } from '../../../../../protocol/openai-realtime/client-events.ts';
import {
  dialectName,
  dialectNames,
  dialects,
  type DialectName,
} from '../../../../../adapters/backends/openai-realtime/dialects.ts';
import { wireSession } from '../../../../../adapters/backends/openai-realtime/session-settings.ts';
import { spelled } from '../../../../../adapters/backends/openai-realtime/spelling.ts';
import { pcm24k } from '../../../../../src/audio/format.ts';
import type { CallSettings } from '../../../../../src/ports/settings.ts';

const settings: CallSettings = {
  instructions: 'Be brief.',
  voice: 'en-US-Ava:DragonHDLatestNeural',
  modality: 'audio',
  inputFormat: pcm24k,
  outputFormat: pcm24k,
  turnDetection: {
    kind: 'semantic_vad',
    eagerness: 'high',
    createResponse: true,
    interruptResponse: false,
  },
  callerTranscripts: true,
  tools: [],
  toolChoice: { mode: 'auto' },
  maxOutputTokens: 200,
};

function session(name: DialectName, differing: Partial<CallSettings> = {}): unknown {
  const dialect = dialects[name];
  const told = wireSession(
    { ...settings, ...differing },
    {
      authority: 'backend',
      inputFormat: pcm24k,
      outputFormat: pcm24k,
      transcriptionModel: dialect.transcriptionModel,
    },
  );
  return spelled({ type: 'session.update', session: told }, dialect)?.['session'];
}

describe('settings in a dialect', () => {
  it('stand below audio at OpenAI', () => {
    expect(session('openai')).toEqual({
      type: 'realtime',
      output_modalities: ['audio'],
      instructions: 'Be brief.',
      audio: {
        input: {
          format: { type: 'audio/pcm', rate: 24_000 },
          transcription: { model: 'gpt-transcribe' },
          turn_detection: {
            type: 'semantic_vad',
            eagerness: 'high',
            create_response: true,
            interrupt_response: false,
          },
        },
        output: { format: { type: 'audio/pcm', rate: 24_000 }, voice: settings.voice },
      },
      tools: [],
      tool_choice: 'auto',
      max_output_tokens: 200,
    });
  });

  it('stand on top and in words at Voice Live, with voices and detection of its own', () => {
    expect(session('azure-voice-live')).toEqual({
      modalities: ['text', 'audio'],
      instructions: 'Be brief.',
      voice: { type: 'azure-standard', name: settings.voice },
      input_audio_format: 'pcm16',
      output_audio_format: 'pcm16',
      input_audio_transcription: { model: 'azure-speech' },
      turn_detection: {
        type: 'azure_semantic_vad',
        create_response: true,
        interrupt_response: false,
      },
      tools: [],
      tool_choice: 'auto',
      max_response_output_tokens: 200,
    });
    expect(session('azure-voice-live', { voice: 'alloy' })).toMatchObject({ voice: 'alloy' });
  });

  it('stand in both places at xAI, which hears words and not meaning', () => {
    expect(session('xai', { voice: 'Ara' })).toEqual({
      instructions: 'Be brief.',
      voice: 'Ara',
      turn_detection: { type: 'server_vad', create_response: true, interrupt_response: false },
      tools: [],
      audio: {
        input: {
          format: { type: 'audio/pcm', rate: 24_000 },
          transcription: { model: 'grok-transcribe' },
        },
        output: { format: { type: 'audio/pcm', rate: 24_000 } },
      },
    });
  });

  it('are not sent where nothing of them can be said', () => {
    const update = { type: 'session.update', session: { type: 'realtime' } } as const;
    const silent = { ...update, session: { ...update.session, max_output_tokens: 5 } };
    expect(spelled(silent, dialects.xai)).toBeNull();
    expect(spelled(silent, dialects.openai)).toEqual(silent);
    expect(spelled(silent, dialects.speaches)?.['session']).toEqual({
      max_response_output_tokens: 5,
    });
  });

  it('clear what they clear', () => {
    const update = {
      type: 'session.update',
      session: { type: 'realtime', audio: { input: { turn_detection: null } } },
    } as const;
    for (const name of dialectNames) {
      expect(JSON.stringify(spelled(update, dialects[name]))).toContain('"turn_detection":null');
    }
  });
});

describe('a request for a response in a dialect', () => {
  const create: ClientEvent & { readonly type: 'response.create' } = {
    type: 'response.create',
    event_id: 'create:line_1',
    response: {
      metadata: { parley_line: 'line_1' },
      output_modalities: ['audio'],
      audio: { output: { voice: 'alloy' } },
      max_output_tokens: 9,
    },
  };

  it('carries the line where it comes back', () => {
    expect(spelled(create, dialects.openai)).toEqual(create);
  });

  it('is without it where it does not', () => {
    expect(spelled(create, dialects.localai)?.['response']).not.toHaveProperty('metadata');
    expect(spelled(create, dialects['azure-voice-live'])?.['response']).toEqual({
      modalities: ['text', 'audio'],
      voice: 'alloy',
      max_response_output_tokens: 9,
    });
  });

  it('has no parameters where none are left', () => {
    const bare = { ...create, response: { metadata: { parley_line: 'line_1' } } };
    expect(spelled(bare, dialects.xai)).toEqual({ type: create.type, event_id: create.event_id });
  });
});

describe('every dialect', () => {
  it.each(dialectNames)(
    '%s names events that exist, and promises nothing it cannot keep',
    (name) => {
      const dialect = dialects[name];
      expect(new Set(Object.values(dialect.renamed)).size).toBe(
        Object.keys(dialect.renamed).length,
      );
      // Responses outside the conversation are told apart by what comes back with them.
      if (dialect.outOfBand) expect(dialect.echoesMetadata).toBe(true);
      expect(dialect.configurableOn.length).toBeGreaterThan(0);
      expect(dialectName(dialect, 'response.done')).toBe('response.done');
    },
  );
});
