import { WebSocket } from 'ws';

const frameMs = 20;
/** Two seconds of speech, three of silence, over and over (frames). */
const spokenFrames = 100;
const cycleFrames = 250;

/** A good caller: a frame up every 20 ms, and an eye on how regularly sound comes down. */
export class SoakCaller {
  readonly #socket: WebSocket;
  readonly #spoken: string;
  readonly #silent: string;
  #timer: NodeJS.Timeout | null = null;
  #sent = 0;
  #startMs = 0;
  #deltas = 0;
  #closed: number | null = null;

  private constructor(socket: WebSocket, frame: Uint8Array) {
    this.#socket = socket;
    this.#spoken = append(frame);
    this.#silent = append(new Uint8Array(frame.byteLength));
    socket.on('message', (data: Buffer) => {
      const head = data.subarray(0, 64);
      if (head.includes('response.output_audio.delta')) this.#deltas += 1;
      else if (head.includes('"response.done"')) this.#ask();
    });
    socket.on('error', () => undefined);
    socket.on('close', (code) => {
      this.#closed = code;
      this.stop();
    });
  }

  /** @param frame 20 ms of PCM16 at 24 kHz, what is said over and over */
  static async open(url: string, frame: Uint8Array): Promise<SoakCaller> {
    const socket = new WebSocket(url);
    const caller = new SoakCaller(socket, frame);
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return caller;
  }

  /** Pieces of agent audio that came. */
  get deltas(): number {
    return this.#deltas;
  }

  /** Close code, once it is over. */
  get closed(): number | null {
    return this.#closed;
  }

  /** Talks from here on, in real time, and asks for one answer after the other. */
  talk(): void {
    this.#ask();
    this.#startMs = performance.now();
    this.#tick();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  hangUp(): void {
    this.stop();
    this.#socket.close(1000);
  }

  /** A model without turns refuses: it answers by itself. */
  #ask(): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send('{"type":"response.create"}');
  }

  #tick(): void {
    const dueFrames = Math.floor((performance.now() - this.#startMs) / frameMs) + 1;
    while (this.#sent < dueFrames && this.#socket.readyState === WebSocket.OPEN) {
      const spoken = this.#sent % cycleFrames < spokenFrames;
      this.#socket.send(spoken ? this.#spoken : this.#silent);
      this.#sent += 1;
    }
    const nextMs = this.#startMs + this.#sent * frameMs - performance.now();
    this.#timer = setTimeout(() => this.#tick(), Math.max(1, nextMs));
  }
}

function append(frame: Uint8Array): string {
  const audio = Buffer.from(frame).toString('base64');
  return JSON.stringify({ type: 'input_audio_buffer.append', audio });
}

/** A loud tone of 500 Hz: the bundled model says it back when it has ended. */
export function toneFrame(): Uint8Array {
  const samples = Int16Array.from({ length: frameMs * 24 }, (_, at) =>
    at % 48 < 24 ? 6_000 : -6_000,
  );
  return new Uint8Array(samples.buffer);
}
