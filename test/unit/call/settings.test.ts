import { describe, expect, it } from 'vitest';
import {
  adaptSettings,
  authorityFor,
  initialSettings,
  resolveSettings,
  type SettingsContext,
} from '../../../src/call/settings.ts';
import { frameCapabilities, turnCapabilities } from '../../support/scripted-backend.ts';
import { pcm24k, pcma8k, pcmu8k } from '../../../src/audio/format.ts';
import { plainAgent, plainDetection } from '../../support/call-harness.ts';
import type { BackendCapabilities } from '../../../src/ports/backend.ts';
import type { CallSettings } from '../../../src/ports/settings.ts';

const turns: SettingsContext = {
  backend: 'turns',
  capabilities: turnCapabilities,
  authority: 'gateway',
  voiceLocked: false,
  formatLocked: { input: false, output: false },
};
const frames: SettingsContext = {
  backend: 'frames',
  capabilities: frameCapabilities,
  authority: 'model',
  voiceLocked: false,
  formatLocked: { input: false, output: false },
};
const start = initialSettings(plainAgent, turns);
const tool = { name: 'find_room', description: null, parameters: null };

function able(capabilities: Partial<BackendCapabilities>): SettingsContext {
  return { ...turns, capabilities: { ...turnCapabilities, ...capabilities } };
}

function after(patch: Partial<CallSettings>, context = turns): CallSettings {
  const resolved = resolveSettings(start, patch, context);
  if (!resolved.ok) throw resolved.error;
  return resolved.settings;
}

function refusal(patch: Partial<CallSettings>, context = turns, from = start): string {
  const resolved = resolveSettings(from, patch, context);
  return resolved.ok ? 'taken' : `${resolved.error.code} ${resolved.error.param ?? ''}`;
}

describe('authority', () => {
  it('is the wish of the agent where the backend can live under it', () => {
    const both = { ...turnCapabilities, authorities: ['backend', 'gateway'] } as const;
    expect(authorityFor('backend', both)).toBe('backend');
    expect(authorityFor('gateway', both)).toBe('gateway');
    expect(authorityFor('auto', both)).toBe('gateway');
    expect(authorityFor('backend', turnCapabilities)).toBe('gateway');
    expect(authorityFor('gateway', frameCapabilities)).toBe('model');
  });
});

describe('settings at the start', () => {
  it('are those of the agent', () => {
    expect(start).toEqual({
      instructions: 'Be brief.',
      voice: 'marin',
      modality: 'audio',
      inputFormat: { codec: 'pcm16', rateHz: 24_000 },
      outputFormat: { codec: 'pcm16', rateHz: 24_000 },
      turnDetection: plainDetection,
      callerTranscripts: true,
      tools: [],
      toolChoice: { mode: 'auto' },
      maxOutputTokens: 'inf',
    });
  });

  it('take a voice that the backend has', () => {
    const wanting = (voice: string | null, context: SettingsContext): string | null =>
      initialSettings({ ...plainAgent, voice }, context).voice;
    expect(wanting('nobody', turns)).toBe('marin');
    expect(wanting('cedar', turns)).toBe('cedar');
    expect(wanting('nobody', able({ voices: 'any' }))).toBe('nobody');
    expect(wanting('cedar', frames)).toBeNull();
  });

  it('show what is in force on a backend without turns', () => {
    const agent = {
      ...plainAgent,
      turns: {
        ...plainAgent.turns,
        detection: {
          ...plainDetection,
          createResponse: false,
          interruptResponse: false,
          idleTimeoutMs: 8000,
        },
      },
    };
    expect(initialSettings(agent, frames)).toMatchObject({
      instructions: '',
      voice: null,
      callerTranscripts: false,
      turnDetection: { createResponse: true, interruptResponse: true, idleTimeoutMs: null },
    });
  });
});

describe('a wish', () => {
  it('is honoured where it can be', () => {
    const wish = {
      instructions: 'Be loud.',
      voice: 'cedar',
      modality: 'text',
      turnDetection: null,
      callerTranscripts: false,
      tools: [tool],
      toolChoice: { mode: 'tool', name: 'find_room' },
      maxOutputTokens: 40,
    } as const;
    expect(after(wish)).toEqual({ ...start, ...wish });
  });

  it('is put to the value in force where it has no effect', () => {
    expect(after({ instructions: 'Be loud.' }, able({ instructions: false })).instructions).toBe(
      '',
    );
    expect(after({ voice: 'cedar' }, able({ voices: null })).voice).toBeNull();
    const deaf = able({ transcripts: { caller: false, agent: true, wordTimes: true } });
    expect(after({ callerTranscripts: true }, deaf).callerTranscripts).toBe(false);
    const detection = { ...plainDetection, createResponse: false, interruptResponse: false };
    const modest = initialSettings(plainAgent, frames);
    const resolved = resolveSettings(modest, { turnDetection: detection }, frames);
    expect(resolved).toEqual({ ok: true, settings: modest });
  });

  it('is refused where an app would rely on what cannot be', () => {
    expect(refusal({ modality: 'text' }, able({ modalities: ['audio'] }))).toBe(
      'unsupported_by_backend modality',
    );
    const toolless = able({ tools: 'none' });
    expect(refusal({ tools: [tool] }, toolless)).toBe('unsupported_by_backend tools');
    expect(refusal({ tools: [] }, toolless)).toBe('taken');
    expect(refusal({ toolChoice: { mode: 'required' } }, toolless)).toBe(
      'unsupported_by_backend toolChoice',
    );
    expect(refusal({ toolChoice: { mode: 'tool', name: 'find_room' } }, toolless)).toBe(
      'unsupported_by_backend toolChoice',
    );
    expect(refusal({ toolChoice: { mode: 'none' } }, toolless)).toBe('taken');
    expect(refusal({ voice: 'nobody' })).toBe('unsupported_by_backend voice');
    expect(refusal({ voice: 'nobody' }, able({ voices: 'any' }))).toBe('taken');
  });

  it('for manual turns needs a gateway that decides and a backend that takes commits', () => {
    const wish = { turnDetection: null };
    expect(refusal(wish, able({ commit: false }))).toBe('unsupported_by_backend turnDetection');
    expect(refusal(wish, { ...turns, authority: 'backend' })).toBe(
      'unsupported_by_backend turnDetection',
    );
    expect(refusal(wish, frames, initialSettings(plainAgent, frames))).toBe(
      'unsupported_by_backend turnDetection',
    );
  });

  it('for G.711 is taken, each way for itself', () => {
    const wish = { inputFormat: pcmu8k, outputFormat: pcma8k };
    expect(after(wish)).toEqual({ ...start, ...wish });
    expect(after({ inputFormat: pcma8k }).outputFormat).toEqual(pcm24k);
  });

  it('for a format that is not spoken here is refused, each way', () => {
    const narrow = { codec: 'pcm16', rateHz: 8_000 } as const;
    expect(refusal({ inputFormat: narrow })).toBe('invalid_value inputFormat');
    expect(refusal({ outputFormat: narrow })).toBe('invalid_value outputFormat');
    const wide = { codec: 'pcma', rateHz: 16_000 } as const;
    expect(refusal({ outputFormat: wide })).toBe('invalid_value outputFormat');
  });

  it('for another format is refused in the direction that audio has gone', () => {
    const heard = { ...turns, formatLocked: { input: true, output: false } };
    expect(refusal({ inputFormat: pcmu8k }, heard)).toBe('invalid_value inputFormat');
    expect(refusal({ outputFormat: pcmu8k }, heard)).toBe('taken');
    const spoken = { ...turns, formatLocked: { input: false, output: true } };
    expect(refusal({ inputFormat: pcmu8k }, spoken)).toBe('taken');
    expect(refusal({ outputFormat: pcmu8k }, spoken)).toBe('invalid_value outputFormat');
    const both = { ...turns, formatLocked: { input: true, output: true } };
    expect(refusal({ inputFormat: pcm24k, outputFormat: pcm24k }, both)).toBe('taken');
  });

  it('for another voice is refused once the agent has been heard', () => {
    const locked = { ...turns, voiceLocked: true };
    expect(refusal({ voice: 'cedar' }, locked)).toBe('cannot_update_voice voice');
    expect(refusal({ voice: 'marin' }, locked)).toBe('taken');
    expect(refusal({ voice: 'cedar' }, { ...able({ voices: null }), voiceLocked: true })).toBe(
      'taken',
    );
  });

  it('names the backend that cannot', () => {
    const resolved = resolveSettings(start, { voice: 'nobody' }, turns);
    expect(resolved.ok ? '' : resolved.error.message).toBe(
      'Backend turns has no voice of that name (marin, cedar).',
    );
  });
});

describe('settings carried to another backend', () => {
  it('keep the formats of the client, also those that are settled', () => {
    const current = after({ inputFormat: pcmu8k, outputFormat: pcma8k });
    const locked = { ...frames, formatLocked: { input: true, output: true } };
    expect(adaptSettings(current, plainAgent, locked)).toMatchObject({
      inputFormat: pcmu8k,
      outputFormat: pcma8k,
    });
  });

  it('keep what it can honour and fall back to its own start where it cannot', () => {
    const current = after({
      instructions: 'Be loud.',
      voice: 'cedar',
      modality: 'text',
      turnDetection: null,
      tools: [tool],
      maxOutputTokens: 40,
    });
    expect(adaptSettings(current, plainAgent, turns)).toEqual(current);
    expect(adaptSettings(current, plainAgent, frames)).toEqual({
      ...initialSettings(plainAgent, frames),
      maxOutputTokens: 40,
    });
  });
});
