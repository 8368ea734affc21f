import { expect, test } from 'vitest';
import { stampPcm } from '../../../bench/wire/marker.ts';
import type { ConnectionHandlers } from '../../../bench/wire/connection.ts';
import { FrameReader, opcodes, writeFrame } from '../../../bench/wire/frames.ts';
import { UpstreamSession } from '../../../bench/wire/upstream-session.ts';
import { machineUs } from '../../../bench/lib/machine-clock.ts';
import type { Paced } from '../../../bench/lib/pacer.ts';
import { serverEvent } from '../../../protocol/openai-realtime/server-events.ts';

interface Event {
  readonly type: string;
  readonly [key: string]: unknown;
}

class Rig {
  readonly events: Event[] = [];
  readonly paced = new Set<Paced>();
  readonly agesUs: (number | null)[] = [];
  gone = 0;
  #handlers: ConnectionHandlers | null = null;

  constructor(lineFrames: number) {
    const session = new UpstreamSession({
      connection: {
        listen: (handlers) => {
          this.#handlers = handlers;
        },
        sendJson: (event) => this.events.push(event as Event),
        write: (frame) =>
          new FrameReader().push(frame, ({ payload }) =>
            this.events.push(JSON.parse(payload.toString()) as Event),
          ),
      },
      index: 1,
      pacer: { add: (one) => this.paced.add(one), remove: (one) => this.paced.delete(one) },
      frames: [Buffer.alloc(960)],
      figures: {
        marked: (ageUs) => this.agesUs.push(ageUs),
        unmarked: () => this.agesUs.push(null),
      },
      lineFrames: () => lineFrames,
      onGone: () => {
        this.gone += 1;
      },
    });
    session.start(Buffer.alloc(0));
  }

  send(event: Event): void {
    const mask = Buffer.from([1, 2, 3, 4]);
    const text = Buffer.from(JSON.stringify(event));
    const { bytes } = writeFrame(text, { opcode: opcodes.text, mask });
    new FrameReader().push(bytes, (frame) => this.#handlers?.text(frame));
  }

  close(): void {
    this.#handlers?.closed(1000, '');
  }

  tick(): void {
    for (const one of [...this.paced]) one.due();
  }

  get types(): readonly string[] {
    return this.events.map(({ type }) => type);
  }
}

test('the hosted stand-in answers in the order of the wire, one frame a tick, and then ends', () => {
  const rig = new Rig(3);
  rig.send({ type: 'session.update', session: { type: 'realtime', instructions: 'Be brief.' } });
  rig.send({ type: 'response.create', response: { metadata: { line: '7' } } });
  rig.tick();
  rig.tick();
  expect(rig.types).toEqual([
    'session.created',
    'session.updated',
    'response.created',
    'response.output_item.added',
    'conversation.item.added',
    'response.content_part.added',
    'response.output_audio.delta',
    'response.output_audio.delta',
    'response.output_audio.delta',
    'response.output_audio.done',
    'response.output_audio_transcript.done',
    'response.content_part.done',
    'conversation.item.done',
    'response.output_item.done',
    'response.done',
  ]);
  expect(rig.paced.size).toBe(0);
  expect(rig.events.at(-1)).toMatchObject({
    response: { status: 'completed', metadata: { line: '7' }, usage: { output_tokens: 2 } },
  });
  for (const event of rig.events.slice(2))
    expect(serverEvent.safeParse(event).error).toBe(undefined);
});

test('a second answer at once is refused, and a cancelled one ends', () => {
  const rig = new Rig(100);
  rig.send({ type: 'response.create' });
  rig.send({ type: 'response.create' });
  expect(rig.events.at(-1)).toMatchObject({
    type: 'error',
    error: { code: 'conversation_already_has_active_response' },
  });
  rig.send({ type: 'response.cancel' });
  expect(rig.events.at(-1)).toMatchObject({ response: { status: 'cancelled' } });
  expect(rig.paced.size).toBe(0);
});

test('caller audio is read for its time and nothing else', () => {
  const rig = new Rig(100);
  const pcm = Buffer.alloc(960);
  rig.send({ type: 'input_audio_buffer.append', audio: pcm.toString('base64') });
  stampPcm(pcm, machineUs() - 5_000);
  rig.send({ type: 'input_audio_buffer.append', audio: pcm.toString('base64') });
  expect(rig.agesUs[0]).toBeNull();
  expect(rig.agesUs[1]).toBeGreaterThanOrEqual(5_000);
  expect(rig.types).toEqual(['session.created']);
});

test('a session that is gone speaks no more', () => {
  const rig = new Rig(100);
  rig.send({ type: 'response.create' });
  rig.close();
  expect(rig.paced.size).toBe(0);
  expect(rig.gone).toBe(1);
});
