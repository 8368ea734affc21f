import { describe, expect, test } from 'vitest';
import { freePort, Program } from './program.ts';

// What a running process does with a file that was made bad: test/integration/gateway/reload.test.ts.
describe('a bad configuration', () => {
  test('at the start: every problem with its place, exit 1, and nothing listens', async () => {
    const port = await freePort();
    const config = [
      `server: { port: ${port}, drainMS: 1, sessionCapMs: 5 }`,
      'auth: { keys: [ { id: app, keyEnv: PARLEY_TEST_KEY_THAT_IS_NOT_SET } ] }',
      'backends: { stage: { type: rehersal } }',
      'agents: { desk: { backends: [stage, parot] } }',
    ].join('\n');
    const program = new Program(config, 'serve');
    expect(await program.ended).toMatchObject({ code: 1 });
    expect(program.outText).toBe('');
    expect(program.errorText).toMatch(/^parley\.yaml:1:\d+ .*drainM/m);
    expect(program.errorText).toMatch(/^parley\.yaml:1:\d+ .*sessionCapMs/m);
    expect(program.errorText).toMatch(/^parley\.yaml:2:\d+ .*PARLEY_TEST_KEY_THAT_IS_NOT_SET/m);
    expect(program.errorText).toMatch(/^parley\.yaml:3:\d+ .*"rehearsal"/m);
    expect(program.errorText).toMatch(/^parley\.yaml:4:\d+ .*"parrot"/m);
    await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
  });
});
