import { expect, it } from 'vitest';
import type { ServerEvent } from '../../../protocol/openai-realtime/server-events.ts';
import { AgentsSdk } from './agents-sdk.ts';

const broken = (event: object): ServerEvent => event as ServerEvent;

it('an event that the SDK would ignore is noticed', () => {
  const sdk = new AgentsSdk();
  sdk.read(
    broken({
      type: 'response.content_part.added',
      event_id: 'e',
      response_id: 'r',
      item_id: 'i',
      output_index: 0,
      content_index: 0,
      part: { type: 'output_audio', transcript: '' },
    }),
  );
  expect(sdk.dropped).toHaveLength(1);
});

it('an event that would end the process is noticed', () => {
  const sdk = new AgentsSdk();
  const item = { id: 'i', type: 'message', role: 'user', content: [{ type: 'input_audio' }] };
  const event = broken({ type: 'conversation.item.added', event_id: 'e', item });
  expect(() => sdk.read(event)).toThrow();
});
