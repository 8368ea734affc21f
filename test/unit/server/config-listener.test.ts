import { describe, expect, it } from 'vitest';
import { backendSchemas } from '../../../src/composition/backend-types.ts';
import { readConfig } from '../../../src/server/config.ts';

function read(listener: string): ReturnType<typeof readConfig> {
  const text = `agents:\n  desk:\n    backends: [rehearsal]\n    listener: ${listener}\n`;
  return readConfig(text, { env: {}, readFile: () => '', backendSchemas });
}

describe('a listener in the configuration', () => {
  it('is read as a cascade reads its recogniser', () => {
    const result = read('{ type: deepgram, model: nova-3, agent: true }');
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    const agent = result.config.directory.agents.find(({ name }) => name === 'desk');
    expect(agent?.listener).toMatchObject({
      type: 'deepgram',
      agent: true,
      options: { model: 'nova-3', finalTimeoutMs: 1500 },
    });
    expect(agent?.listener?.options).not.toHaveProperty('agent');
  });

  it.each([
    ['{ type: deepgramm }', 4],
    ['{ type: deepgram, modell: nova-3 }', 4],
    ['{ model: nova-3 }', 4],
  ])('is refused where it stands: %s', (listener, line) => {
    const result = read(listener);
    expect(result.ok).toBe(false);
    if (!result.ok) expect(result.problems).toMatchObject([{ line }]);
  });
});
