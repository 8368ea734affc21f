/** A small seeded generator (mulberry32): numbers in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const pcm = Buffer.alloc(960, 7).toString('base64');

/** Events that are all right by themselves; in a random order most of them are not. */
const valid: readonly object[] = [
  { type: 'input_audio_buffer.append', audio: pcm },
  { type: 'input_audio_buffer.commit' },
  { type: 'input_audio_buffer.clear' },
  { type: 'output_audio_buffer.clear' },
  { type: 'response.create' },
  { type: 'response.create', response: { conversation: 'none', output_modalities: ['text'] } },
  { type: 'response.cancel' },
  { type: 'response.cancel', response_id: 'resp_unknown' },
  {
    type: 'conversation.item.create',
    item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'hello' }] },
  },
  {
    type: 'conversation.item.create',
    item: { type: 'function_call_output', call_id: 'call_none', output: '{}' },
  },
  { type: 'conversation.item.retrieve', item_id: 'item_1' },
  { type: 'conversation.item.delete', item_id: 'item_1' },
  { type: 'conversation.item.truncate', item_id: 'item_1', content_index: 0, audio_end_ms: 100 },
  { type: 'parley.playback', item_id: 'item_1', content_index: 0, played_ms: 1e308 },
  { type: 'session.update', session: { type: 'realtime', instructions: 'Be brief.' } },
  { type: 'session.update', session: { type: 'realtime', output_modalities: ['text'] } },
  { type: 'session.update', session: { type: 'realtime', output_modalities: ['audio'] } },
  {
    type: 'session.update',
    session: { type: 'realtime', audio: { input: { turn_detection: null } } },
  },
  {
    type: 'session.update',
    session: { type: 'realtime', audio: { input: { turn_detection: { type: 'server_vad' } } } },
  },
  {
    type: 'session.update',
    session: {
      type: 'realtime',
      tools: [{ type: 'function', name: 'f', parameters: { type: 'object' } }],
    },
  },
];

/** Values that are hardly ever the right ones. */
const oddities: readonly unknown[] = [
  null,
  true,
  -1,
  1e308,
  0.1,
  '',
  '\u0000\uD800',
  'item_1',
  'root',
  [],
  [[]],
  {},
  { type: 'realtime' },
  { __proto__: null },
  'x'.repeat(600),
];

/** What is sent; `bytes` go as a binary message, or inside a text frame that is no UTF-8. */
export type FuzzMessage = string | Uint8Array;

/** One message after another, the same ones for the same seed. */
export function* fuzzMessages(seed: number, count: number): Generator<FuzzMessage, void> {
  const random = seeded(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = <T>(from: readonly T[]): T => from[below(from.length)]!;
  for (let made = 0; made < count; made += 1) {
    const event = structuredClone(pick(valid)) as Record<string, unknown>;
    const text = JSON.stringify(event);
    switch (below(16)) {
      case 0:
        yield text.slice(0, below(text.length));
        break;
      case 1:
        yield Uint8Array.from({ length: below(200) }, () => below(256));
        break;
      case 2:
        yield String.fromCharCode(...Array.from({ length: below(100) }, () => below(0xd800)));
        break;
      case 3:
        yield `{"type":"session.update","session":${'{"a":'.repeat(below(5_000))}`;
        break;
      case 4:
        yield JSON.stringify({ ...event, event_id: 'y'.repeat(below(20_000)) });
        break;
      case 5:
      case 6:
        spoil(event, pick, below);
        yield JSON.stringify(event);
        break;
      case 7:
        yield text.replace(/[a-z0-9]/g, (letter) =>
          random() < 0.05 ? pick(['"', '}', '9']) : letter,
        );
        break;
      case 8:
        yield JSON.stringify({ ...event, type: pick(['', 'session', 7, null, '__proto__']) });
        break;
      default:
        yield text;
    }
  }
}

/** Puts something odd somewhere into an event. */
function spoil(
  event: Record<string, unknown>,
  pick: <T>(from: readonly T[]) => T,
  below: (limit: number) => number,
): void {
  let place = event;
  for (;;) {
    const key = pick(Object.keys(place));
    const value = place[key];
    if (
      typeof value !== 'object' ||
      value === null ||
      Object.keys(value).length === 0 ||
      below(3) === 0
    ) {
      place[key] = pick(oddities);
      return;
    }
    place = value as Record<string, unknown>;
  }
}
