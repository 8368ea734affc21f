import { machineUs } from '../lib/machine-clock.ts';
import type { Paced, Pacer } from '../lib/pacer.ts';
import type { BenchConnection } from './connection.ts';
import { opcodes, unmask, type Frame } from './frames.ts';
import { ageOfBase64, stampBase64 } from './marker.ts';
import { initialSession, merged, messageItem, responseOf, type Json } from './upstream-json.ts';

/** Where what the caller's frames say of themselves is counted. */
export interface UplinkFigures {
  readonly marked: (ageUs: number) => void;
  readonly unmarked: () => void;
}

export interface UpstreamSessionOptions {
  readonly connection: Pick<BenchConnection, 'listen' | 'sendJson' | 'write'>;
  /** Which session of the process it is: makes its ids its own. */
  readonly index: number;
  readonly pacer: Pick<Pacer, 'add' | 'remove'>;
  /** What it says, over and over; never written to. */
  readonly frames: readonly Buffer[];
  readonly figures: UplinkFigures;
  /** Length of one answer (a count of frames). */
  readonly lineFrames: () => number;
  readonly onGone: () => void;
}

/** As much of an append as has to be unmasked to find its marker. */
const peekBytes = 256;
const appendName = Buffer.from('input_audio_buffer.append"');
const audioKey = Buffer.from('"audio":"');

interface Line {
  readonly responseId: string;
  readonly itemId: string;
  readonly metadata: unknown;
  /** One delta with its audio in it, to be copied and stamped: one for each frame. */
  readonly before: Buffer;
  sentFrames: number;
}

/** One session of the stand-in: the vendor's order of events, without a thought behind it. */
export class UpstreamSession implements Paced {
  readonly #options: UpstreamSessionOptions;
  readonly #id: string;
  #session: Json;
  #line: Line | null = null;
  #count = 0;
  #lastItemId: string | null = null;

  constructor(options: UpstreamSessionOptions) {
    this.#options = options;
    this.#id = `${Math.floor(machineUs()).toString(36)}${options.index}`;
    this.#session = initialSession(`sess_${this.#id}`);
  }

  start(head: Buffer): void {
    this.#options.connection.listen(
      {
        text: (frame) => this.#text(frame),
        closed: () => {
          this.#options.pacer.remove(this);
          this.#options.onGone();
        },
      },
      head,
    );
    this.#send({ type: 'session.created', session: this.#session });
  }

  /** The next 20 ms of the running answer. */
  due(): void {
    const line = this.#line;
    if (line === null) return;
    const { frames, connection } = this.#options;
    const audio = base64Of(frames)[line.sentFrames % frames.length]!;
    const head = frames[line.sentFrames % frames.length]!;
    const length = line.before.byteLength + audio.byteLength + 2;
    // The header is that of a payload of 126 to 65,535 bytes.
    const message = Buffer.allocUnsafe(4 + length);
    message[0] = 0x80 | opcodes.text;
    message[1] = 126;
    message.writeUInt16BE(length, 2);
    line.before.copy(message, 4);
    const at = 4 + line.before.byteLength;
    audio.copy(message, at);
    message.write('"}', at + audio.byteLength, 'latin1');
    stampBase64(message, at, { head, sentAtUs: machineUs(), mask: null });
    connection.write(message);
    line.sentFrames += 1;
    if (line.sentFrames >= this.#options.lineFrames()) this.#finish('completed');
  }

  #text(frame: Frame): void {
    unmask(frame, 0, peekBytes);
    const start = frame.payload.subarray(0, peekBytes);
    if (start.includes(appendName)) {
      const at = start.indexOf(audioKey);
      const ageUs = at < 0 ? null : ageOfBase64(start, at + audioKey.byteLength, machineUs());
      if (ageUs === null) this.#options.figures.unmarked();
      else this.#options.figures.marked(ageUs);
      return;
    }
    unmask(frame, peekBytes);
    this.#act(JSON.parse(frame.payload.toString()) as Json);
  }

  #act(event: Json): void {
    switch (event['type']) {
      case 'session.update':
        this.#session = merged(this.#session, event['session'] as Json);
        this.#send({ type: 'session.updated', session: this.#session });
        return;
      case 'response.create':
        this.#begin(event['response'] as Json | undefined);
        return;
      case 'response.cancel':
        this.#finish('cancelled');
        return;
      case 'input_audio_buffer.commit':
        this.#commit();
        return;
      case 'input_audio_buffer.clear':
        this.#send({ type: 'input_audio_buffer.cleared' });
        return;
      case 'conversation.item.truncate':
        this.#send({ ...event, type: 'conversation.item.truncated' });
        return;
      case 'conversation.item.delete':
        this.#send({ type: 'conversation.item.deleted', item_id: event['item_id'] });
        return;
      case 'conversation.item.create':
        this.#item(event['item'] as Json);
        return;
      default:
        return;
    }
  }

  #begin(response: Json | undefined): void {
    if (this.#line !== null) {
      const code = 'conversation_already_has_active_response';
      this.#send({ type: 'error', error: { type: 'invalid_request_error', code, message: code } });
      return;
    }
    const responseId = this.#newId('resp');
    const itemId = this.#newId('item');
    const place = { response_id: responseId, output_index: 0 };
    const part = { ...place, item_id: itemId, content_index: 0 };
    const event = JSON.stringify({
      type: 'response.output_audio.delta',
      event_id: this.#newId('event'),
      ...part,
      delta: '',
    });
    const metadata = response?.['metadata'] ?? null;
    const line: Line = {
      responseId,
      itemId,
      metadata,
      before: Buffer.from(event.slice(0, -2)),
      sentFrames: 0,
    };
    this.#line = line;
    const item = messageItem(itemId, 'in_progress');
    const previous = { previous_item_id: this.#lastItemId };
    this.#send({ type: 'response.created', response: responseOf(line, 'in_progress') });
    this.#send({ type: 'response.output_item.added', ...place, item });
    this.#send({ type: 'conversation.item.added', ...previous, item });
    this.#send({
      type: 'response.content_part.added',
      ...part,
      part: { type: 'audio', transcript: '' },
    });
    this.#lastItemId = itemId;
    // The first frame at once, the others on the schedule.
    this.due();
    this.#options.pacer.add(this);
  }

  #finish(status: 'completed' | 'cancelled'): void {
    const line = this.#line;
    if (line === null) return;
    this.#line = null;
    this.#options.pacer.remove(this);
    const place = { response_id: line.responseId, output_index: 0 };
    const part = { ...place, item_id: line.itemId, content_index: 0 };
    const itemStatus = status === 'completed' ? 'completed' : 'incomplete';
    const item = messageItem(line.itemId, itemStatus);
    this.#send({ type: 'response.output_audio.done', ...part });
    this.#send({ type: 'response.output_audio_transcript.done', ...part, transcript: '' });
    this.#send({
      type: 'response.content_part.done',
      ...part,
      part: { type: 'audio', transcript: '' },
    });
    this.#send({ type: 'conversation.item.done', previous_item_id: null, item });
    this.#send({ type: 'response.output_item.done', ...place, item });
    this.#send({ type: 'response.done', response: responseOf(line, status) });
  }

  #commit(): void {
    const itemId = this.#newId('item');
    const previous = { previous_item_id: this.#lastItemId };
    this.#send({ type: 'input_audio_buffer.committed', ...previous, item_id: itemId });
    const content = [{ type: 'input_audio', transcript: null }];
    const item = { ...messageItem(itemId, 'completed'), role: 'user', content };
    this.#send({ type: 'conversation.item.added', ...previous, item });
    this.#send({ type: 'conversation.item.done', ...previous, item });
    this.#lastItemId = itemId;
  }

  #item(asked: Json): void {
    const previous = { previous_item_id: this.#lastItemId };
    const item = {
      id: this.#newId('item'),
      ...asked,
      object: 'realtime.item',
      status: 'completed',
    };
    this.#send({ type: 'conversation.item.added', ...previous, item });
    this.#send({ type: 'conversation.item.done', ...previous, item });
    this.#lastItemId = item.id;
  }

  #send(event: Json): void {
    const { type, ...rest } = event;
    this.#options.connection.sendJson({ type, event_id: this.#newId('event'), ...rest });
  }

  #newId(kind: string): string {
    this.#count += 1;
    return `${kind}_${this.#id}${this.#count.toString().padStart(8, '0')}`;
  }
}

const encoded = new WeakMap<readonly Buffer[], readonly Buffer[]>();

function base64Of(frames: readonly Buffer[]): readonly Buffer[] {
  const known = encoded.get(frames);
  if (known !== undefined) return known;
  const made = frames.map((frame) => Buffer.from(frame.toString('base64'), 'latin1'));
  encoded.set(frames, made);
  return made;
}
