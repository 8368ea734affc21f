import { describe, expect, it } from 'vitest';
import {
  adaptSettings,
  initialSettings,
  resolveSettings,
  type SettingsContext,
} from '../../../src/call/settings.ts';
import type { BackendCapabilities } from '../../../src/ports/backend.ts';
import type { CallSettings } from '../../../src/ports/settings.ts';
import { plainAgent, plainDetection } from '../../support/call-harness.ts';
import { turnCapabilities } from '../../support/scripted-backend.ts';

const capabilities: BackendCapabilities = {
  ...turnCapabilities,
  voices: ['one', 'two'],
  authorities: ['backend'],
  rigid: {
    afterStart: ['instructions', 'voice'],
    always: ['toolChoice', 'maxOutputTokens', 'turnDetection'],
    perLine: true,
  },
};
const fresh: SettingsContext = {
  backend: 'rigid',
  capabilities,
  authority: 'backend',
  voiceLocked: false,
  formatLocked: { input: false, output: false },
};
const begun: SettingsContext = { ...fresh, formatLocked: { input: true, output: false } };
const start = initialSettings(plainAgent, fresh);

function result(patch: Partial<CallSettings>, context: SettingsContext): string {
  const resolved = resolveSettings(start, patch, context);
  return resolved.ok ? 'taken' : `${resolved.error.code} ${resolved.error.param ?? ''}`;
}

describe('a backend with rigid settings', () => {
  it('takes instructions and voice at the beginning', () => {
    expect(result({ instructions: 'Other.', voice: 'two' }, fresh)).toBe('taken');
  });

  it('takes neither once audio has gone, but the same again', () => {
    expect(result({ instructions: 'Other.' }, begun)).toBe('unsupported_by_backend instructions');
    expect(result({ voice: 'two' }, begun)).toBe('unsupported_by_backend voice');
    expect(result({ ...start }, begun)).toBe('taken');
    expect(result({ tools: [{ name: 'f', description: null, parameters: null }] }, begun)).toBe(
      'taken',
    );
  });

  it('never takes what it cannot do', () => {
    for (const context of [fresh, begun]) {
      expect(result({ toolChoice: { mode: 'required' } }, context)).toBe(
        'unsupported_by_backend toolChoice',
      );
      expect(result({ toolChoice: { mode: 'none' } }, context)).toBe(
        'unsupported_by_backend toolChoice',
      );
      expect(result({ maxOutputTokens: 100 }, context)).toBe(
        'unsupported_by_backend maxOutputTokens',
      );
    }
  });

  it('shows that it answers and stops by itself', () => {
    const turnDetection = {
      ...plainDetection,
      createResponse: false,
      interruptResponse: false,
      idleTimeoutMs: 5000,
    };
    const resolved = resolveSettings(start, { turnDetection }, fresh);
    expect(resolved).toMatchObject({
      ok: true,
      settings: {
        turnDetection: { createResponse: true, interruptResponse: true, idleTimeoutMs: null },
      },
    });
  });

  it('begins its call when it takes one over', () => {
    const settings: CallSettings = {
      ...start,
      instructions: 'Of the client.',
      toolChoice: { mode: 'required' },
    };
    const adapted = adaptSettings(settings, plainAgent, begun);
    expect(adapted.instructions).toBe('Of the client.');
    expect(adapted.toolChoice).toEqual({ mode: 'auto' });
  });
});
