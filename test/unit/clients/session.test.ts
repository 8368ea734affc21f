import { describe, expect, it } from 'vitest';
import { realtimeSessionUpdate } from '../../../protocol/openai-realtime/session.ts';
import {
  readSessionUpdate,
  writeSession,
  type SessionContext,
} from '../../../adapters/clients/openai-realtime/session.ts';
import type { CallSettings, ServerVad } from '../../../src/ports/settings.ts';
import { allCapabilities, plainSettings } from '../../support/fake-call.ts';

const vad: ServerVad = {
  kind: 'server_vad',
  threshold: 0.4,
  prefixPaddingMs: 200,
  silenceDurationMs: 900,
  createResponse: true,
  interruptResponse: true,
  idleTimeoutMs: 6000,
};
const context: SessionContext = {
  capabilities: allCapabilities,
  backend: 'parrot',
  turnDetection: vad,
};
const read = (session: object, over: Partial<SessionContext> = {}): Partial<CallSettings> =>
  readSessionUpdate(realtimeSessionUpdate.parse({ type: 'realtime', ...session }), {
    ...context,
    ...over,
  });
const detection = (turn_detection: object | null): Partial<CallSettings> =>
  read({ audio: { input: { turn_detection } } });

describe('a session update', () => {
  it('changes only what it names', () => {
    expect(read({})).toEqual({});
    expect(read({ instructions: 'New.' })).toEqual({ instructions: 'New.' });
    expect(read({ audio: { output: { voice: 'cedar' } } })).toEqual({ voice: 'cedar' });
  });

  it('clears with an empty value or null', () => {
    const cleared = { instructions: null, tools: null, tool_choice: null, max_output_tokens: null };
    expect(read(cleared)).toEqual({
      instructions: '',
      tools: [],
      toolChoice: { mode: 'auto' },
      maxOutputTokens: 'inf',
    });
    expect(read({ instructions: '', tools: [] })).toEqual({ instructions: '', tools: [] });
  });

  it('takes wishes without effect and leaves no trace of them', () => {
    expect(
      read({
        model: 'another-model',
        tracing: 'auto',
        truncation: { type: 'retention_ratio', retention_ratio: 0.5 },
        prompt: { id: 'p' },
        reasoning: { effort: 'low' },
        parallel_tool_calls: true,
        include: ['item.input_audio_transcription.logprobs'],
        audio: {
          input: { noise_reduction: { type: 'near_field' } },
          output: { speed: 1.2 },
        },
      }),
    ).toEqual({});
  });

  it('reads functions and choices among them', () => {
    const parameters = { type: 'object', properties: {} };
    expect(
      read({
        tools: [
          { type: 'function', name: 'find', description: 'Finds.', parameters },
          { type: 'function', name: 'stop' },
        ],
        tool_choice: { type: 'function', name: 'find' },
      }),
    ).toEqual({
      tools: [
        { name: 'find', description: 'Finds.', parameters },
        { name: 'stop', description: null, parameters: null },
      ],
      toolChoice: { mode: 'tool', name: 'find' },
    });
  });

  it('changes only the named parts of turn detection', () => {
    expect(detection({ type: 'server_vad', threshold: 0.7 })).toEqual({
      turnDetection: { ...vad, threshold: 0.7 },
    });
    expect(detection({ type: 'server_vad', idle_timeout_ms: null })).toEqual({
      turnDetection: { ...vad, idleTimeoutMs: null },
    });
    expect(detection(null)).toEqual({ turnDetection: null });
  });

  it('reads endpointing by meaning, which has no idle timeout and no silence of its own', () => {
    expect(
      detection({ type: 'semantic_vad', eagerness: 'low', interrupt_response: false }),
    ).toEqual({
      turnDetection: {
        kind: 'semantic_vad',
        eagerness: 'low',
        createResponse: true,
        interruptResponse: false,
      },
    });
    expect(detection({ type: 'semantic_vad' })).toMatchObject({
      turnDetection: { eagerness: 'auto', interruptResponse: true },
    });
  });

  it.each([
    [{ type: 'audio/pcm' }, { codec: 'pcm16', rateHz: 24_000 }],
    [
      { type: 'audio/pcm', rate: 16_000 },
      { codec: 'pcm16', rateHz: 16_000 },
    ],
    [{ type: 'audio/pcmu' }, { codec: 'pcmu', rateHz: 8_000 }],
    [{ type: 'audio/pcma' }, { codec: 'pcma', rateHz: 8_000 }],
  ])('takes the format %j for either direction', (format, expected) => {
    expect(read({ audio: { input: { format } } })).toEqual({ inputFormat: expected });
    expect(read({ audio: { output: { format } } })).toEqual({ outputFormat: expected });
  });

  it('gives transcripts only where the backend has them', () => {
    const transcription = { model: 'gpt-4o-mini-transcribe' };
    const transcripts = { caller: false, agent: false, wordTimes: false };
    const without = { capabilities: { ...allCapabilities, transcripts } };
    expect(read({ audio: { input: { transcription } } })).toEqual({ callerTranscripts: true });
    expect(read({ audio: { input: { transcription } } }, without)).toEqual({
      callerTranscripts: false,
    });
    expect(read({ audio: { input: { transcription: null } } })).toEqual({
      callerTranscripts: false,
    });
  });

  it.each([
    [{ tools: [{ type: 'mcp', server_label: 'x' }] }, 'session.tools[0].type'],
    [{ tool_choice: { type: 'mcp', server_label: 'x' } }, 'session.tool_choice'],
  ])('%j is refused, naming the backend', (session, param) => {
    expect(() => read(session)).toThrow(
      expect.objectContaining({
        code: 'unsupported_by_backend',
        param,
        message: expect.stringContaining("'parrot'") as string,
      }),
    );
  });

  it('of a transcription session is refused', () => {
    expect(() => readSessionUpdate({ type: 'transcription' }, context)).toThrow(
      expect.objectContaining({ code: 'unsupported_by_backend', param: 'session.type' }),
    );
  });
});

describe('the session that is shown', () => {
  it('can be sent back as an update that changes nothing', () => {
    const settings: CallSettings = {
      ...plainSettings,
      turnDetection: vad,
      callerTranscripts: true,
      tools: [{ name: 'find', description: null, parameters: { type: 'object' } }],
      toolChoice: { mode: 'tool', name: 'find' },
      maxOutputTokens: 200,
    };
    const shown = writeSession(settings, {
      sessionId: 'sess_1',
      model: 'desk',
      expiresAt: 1_700_003_600,
      transcriber: 'parrot',
    });
    const { id, object, expires_at, ...rest } = shown;
    expect({ id, object, expires_at }).toEqual({
      id: 'sess_1',
      object: 'realtime.session',
      expires_at: 1_700_003_600,
    });
    expect({ ...settings, ...read(rest) }).toEqual(settings);
  });

  it('has a voice of null where the backend has only one', () => {
    const shown = writeSession(
      { ...plainSettings, voice: null },
      { sessionId: 's', model: 'm', expiresAt: null, transcriber: 't' },
    );
    expect(shown.audio.output.voice).toBeNull();
    expect(shown).not.toHaveProperty('expires_at');
  });
});
