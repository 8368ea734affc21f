import fc from 'fast-check';
import { expect, it } from 'vitest';
import { clientEventSchemas } from '../../../protocol/openai-realtime/client-events.ts';
import { decode } from '../../../adapters/clients/openai-realtime/decode.ts';
import { lineIdOf, responseIdOf } from '../../../adapters/clients/openai-realtime/response-id.ts';
import { createOpenAiRealtimeClient } from '../../../adapters/clients/openai-realtime/index.ts';
import { pcm24k } from '../../../src/audio/format.ts';
import { silentLogger } from '../../../src/ports/log.ts';
import { countingIds } from '../../../src/time/ids.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { FakeCall } from '../../support/fake-call.ts';
import { FakeSocket } from '../../unit/clients/fake-socket.ts';

const context = { inputFormat: pcm24k, outputFormat: pcm24k, backend: 'b' };
const types = fc.constantFrom(...Object.keys(clientEventSchemas), 'nonsense', '__proto__');
const keys = fc.constantFrom(
  ...['session', 'response', 'item', 'audio', 'item_id', 'type', 'role', 'content', 'tools'],
  ...['turn_detection', 'input', 'output', 'format', 'voice', 'event_id', 'played_ms', 'x'],
);
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('realtime', 'message', 'user', 'server_vad', 'input_text', 'AQI=', 'auto'),
    fc.jsonValue({ maxDepth: 1 }),
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(keys, tie('any'), { maxKeys: 5 }),
  ),
})).any;
const event = fc
  .tuple(types, fc.dictionary(keys, value, { maxKeys: 6 }))
  .map(([type, fields]) => JSON.stringify({ ...fields, type }));
const message = fc.oneof(event, fc.json(), fc.string());

it('no message makes decoding throw, and every answer is one of the known kinds', () => {
  fc.assert(
    fc.property(message, (text) => {
      expect(decode(text, context).kind).toMatch(/^(audio|command|retrieve|session|invalid)$/);
    }),
    { numRuns: 3000 },
  );
});

it('any run of messages is answered by valid events, or the call is closed as the limit says', () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 40 }), (messages) => {
      const socket = new FakeSocket();
      const call = new FakeCall();
      call.open();
      const client = createOpenAiRealtimeClient({
        clock: new ManualClock(),
        ids: countingIds(),
        log: silentLogger,
      });
      const request = {
        path: '/v1/realtime',
        query: new URLSearchParams(),
        headers: {},
        subprotocols: [],
      };
      client.serve(socket, call, request);
      for (const text of messages) socket.receive(text);
      expect(socket.types[0]).toBe('session.created');
      expect(socket.events.length).toBeLessThanOrEqual(messages.length + 2);
      if (socket.closedWith !== null) expect(socket.closedWith.code).toBe(1008);
    }),
    { numRuns: 300 },
  );
});

it('different lines are different responses, and each finds its way back', () => {
  const id = fc.oneof(
    fc.string(),
    fc.string().map((rest) => `line_${rest}`),
    fc.string().map((rest) => `line_.${rest}`),
    fc.string().map((rest) => `resp_${rest}`),
  );
  fc.assert(
    fc.property(id, (lineId) => {
      expect(lineIdOf(responseIdOf(lineId))).toBe(lineId);
    }),
  );
});
