import { describe, expect, it } from 'vitest';
import { backendOf, backendSchemas } from '../../../src/composition/backend-types.ts';
import { cascadeOptions } from '../../../src/composition/speech-types.ts';
import { readConfig } from '../../../src/server/config.ts';

function read(cascade: string) {
  const text = `backends:\n  spoken:\n    type: cascade\n${cascade}\nagents:\n  a:\n    backends: [spoken]\n`;
  const sources = { env: {}, readFile: () => '', backendSchemas };
  return readConfig(text, sources);
}

const sound = [
  '    stt: { type: heard-before, recordings: [{ file: a.wav, text: hello }] }',
  '    llm: { type: openai-compatible, baseUrl: "http://127.0.0.1:1/v1", model: m }',
  '    tts: { type: flite }',
];

describe('a cascade in the configuration', () => {
  it('is three parts and what holds them together', () => {
    const result = read([...sound, '    language: de', '    keyTerms: [Grimm]'].join('\n'));
    expect(result.ok ? null : result.problems).toBeNull();
    const entry = result.ok ? result.config.backends.find(({ name }) => name === 'spoken') : null;
    expect(entry).toMatchObject({
      type: 'cascade',
      options: { language: 'de', tts: { type: 'flite' } },
    });
    // What the schema gives it takes again.
    expect(cascadeOptions.parse(entry!.options)).toEqual(entry!.options);
    const backend = backendOf(entry!, { folder: '/', wires: null });
    expect(backend.type).toBe('cascade');
    expect(backend.capabilities).toMatchObject({ authorities: ['gateway'], verbatim: true });
  });

  it('is told of problems at their own line and column', () => {
    const result = read(
      [
        '    stt: { type: deepgrum }',
        '    llm: { type: openai-compatible, model: m, temperature: 9 }',
        '    tts:',
        '      type: flite',
        '      pace: 7',
        '    finalTimeoutMs: soon',
      ].join('\n'),
    );
    expect(result.ok).toBe(false);
    const problems = result.ok ? [] : result.problems;
    expect(problems.map(({ line, message }) => `${line}: ${message}`)).toEqual([
      expect.stringMatching(
        /^4: backends\.spoken\.stt\.type is unknown: .*Did you mean "deepgram"\?$/,
      ),
      '5: backends.spoken.llm.baseUrl is missing: it must be text.',
      '5: backends.spoken.llm.temperature must be at most 2.',
      '8: backends.spoken.tts.pace must be at most 2.',
      '9: backends.spoken.finalTimeoutMs must be a number.',
    ]);
  });

  it('that would hold a key is refused', () => {
    const llm = '    llm: { type: openai, model: m, apiKey: sk-secret }';
    const result = read([sound[0], llm, sound[2]].join('\n'));
    const [problem] = result.ok ? [] : result.problems;
    expect(problem?.line).toBe(5);
    expect(problem?.message).toContain('would put a secret into the file');
    expect(problem?.message).not.toContain('sk-secret');
  });

  it('says of every part that is not ready what it lacks', async () => {
    const result = read(
      [
        '    stt: { type: sherpa, modelFolder: no/such/folder }',
        '    llm: { type: openai, model: m, apiKeyEnv: CASCADE_TEST_NO_KEY, probe: false }',
        '    tts: { type: cartesia, apiKeyEnv: CASCADE_TEST_NO_KEY_EITHER }',
      ].join('\n'),
    );
    const entry = result.ok ? result.config.backends.find(({ name }) => name === 'spoken') : null;
    const backend = backendOf(entry!, { folder: '/', wires: null });
    const error = await backend.prepare(new AbortController().signal).catch((it: unknown) => it);
    expect(error).toMatchObject({ code: 'model_unavailable' });
    expect(String(error)).toMatch(
      /stt: .*no\/such\/folder.*; llm: .*CASCADE_TEST_NO_KEY is not set; tts: .*CASCADE_TEST_NO_KEY_EITHER is not set/,
    );
    await backend.close();
  });
});
