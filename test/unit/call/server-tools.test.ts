import { describe, expect, it } from 'vitest';
import { plainItems } from '../../../src/call/server-tools.ts';
import type { ConversationItem, RanOn } from '../../../src/ports/conversation.ts';
import { ToolServer } from '../../../src/ports/tool-servers.ts';

const call = (ranOn: RanOn): ConversationItem => ({
  kind: 'tool_call',
  itemId: 'item_1',
  status: 'completed',
  toolCallId: 'item_1',
  name: 'forecast',
  arguments: '{}',
  ranOn,
});

describe('a call that a backend ran by itself, for another backend', () => {
  it.each<[string, Partial<RanOn>, string]>([
    ['with its output', { output: 'rain' }, 'rain'],
    [
      'that failed',
      { error: { kind: 'http', code: 502, message: 'Bad gateway' } },
      'The tool "forecast" failed (Bad gateway). Nothing is known of its result.',
    ],
    ['that still runs', {}, 'The tool "forecast" failed. Nothing is known of its result.'],
  ])('%s is a call and its output', (_what, differing, output) => {
    const ranOn = { server: 'weather', approvalId: null, output: null, error: null, ...differing };
    const [plain, answer] = plainItems([call(ranOn)]);
    expect(plain).not.toHaveProperty('ranOn');
    expect(plain).toMatchObject({ kind: 'tool_call', itemId: 'item_1', name: 'forecast' });
    expect(answer).toMatchObject({ kind: 'tool_output', toolCallId: 'item_1', output });
    expect(plainItems(plainItems([call(ranOn)]))).toHaveLength(2);
  });
});

describe('a server of tools', () => {
  it('shows nothing of what it is reached with, however it is written down', () => {
    const server = new ToolServer('weather', { server_label: 'weather' }, { authorization: 't0p' });
    expect(server.definition()).toEqual({ authorization: 't0p' });
    for (const copy of [JSON.stringify(server), JSON.stringify(Object.entries(server))]) {
      expect(copy).toContain('weather');
      expect(copy).not.toContain('t0p');
    }
    expect(JSON.stringify(structuredClone(server))).not.toContain('t0p');
  });
});
