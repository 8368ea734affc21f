import captureUrl from './capture-worklet.ts?worker&url';

/** What a chunk of the caller's side is; samples at the wire's rate. */
export interface CapturedChunk {
  readonly samples: Float32Array;
  /** Time of its last sample on the context's clock, s. */
  readonly endS: number;
}

/** The caller's side: a microphone, files that are spoken into the call, or silence. */
export class Capture {
  readonly #context: AudioContext;
  readonly #node: AudioWorkletNode;
  #stream: MediaStream | null = null;
  #echoCancelled = false;

  private constructor(context: AudioContext, onChunk: (chunk: CapturedChunk) => void) {
    this.#context = context;
    const shape = { channelCount: 1, channelCountMode: 'explicit' } as const;
    this.#node = new AudioWorkletNode(context, 'capture', { ...shape, numberOfInputs: 1 });
    this.#node.port.onmessage = ({ data }: MessageEvent<CapturedChunk>) => onChunk(data);
    // A node that leads nowhere is not asked for anything; this one gives silence.
    this.#node.connect(context.destination);
  }

  static async open(onChunk: (chunk: CapturedChunk) => void): Promise<Capture> {
    const context = new AudioContext({ latencyHint: 'interactive' });
    try {
      await context.audioWorklet.addModule(captureUrl);
      await context.resume();
      return new Capture(context, onChunk);
    } catch (error) {
      await context.close();
      throw error;
    }
  }

  /** Whether the browser takes the agent's voice out of what the microphone hears. */
  get echoCancelled(): boolean {
    return this.#echoCancelled;
  }

  /**
   * @param headphones nothing of the agent reaches the microphone: its sound is taken as it is
   * @throws DOMException when there is no microphone, or it may not be used
   */
  async useMicrophone(headphones: boolean): Promise<void> {
    const processed = !headphones;
    const audio = {
      ...{ echoCancellation: processed, noiseSuppression: processed },
      ...{ autoGainControl: processed, channelCount: 1 },
    };
    this.#stream = await navigator.mediaDevices.getUserMedia({ audio });
    this.#context.createMediaStreamSource(this.#stream).connect(this.#node);
    const settings = this.#stream.getAudioTracks()[0]?.getSettings();
    this.#echoCancelled = settings?.echoCancellation === true;
  }

  /**
   * Speaks a file into the call, beside the microphone.
   *
   * @returns when it has been spoken
   * @throws DOMException when the browser cannot read it
   */
  async speak(file: ArrayBuffer): Promise<void> {
    const source = this.#context.createBufferSource();
    source.buffer = await this.#context.decodeAudioData(file);
    source.connect(this.#node);
    const ended = new Promise<void>((resolve) => {
      source.onended = () => resolve();
    });
    source.start();
    await ended;
    source.disconnect();
  }

  mute(muted: boolean): void {
    for (const track of this.#stream?.getTracks() ?? []) track.enabled = !muted;
  }

  async close(): Promise<void> {
    this.#node.port.onmessage = null;
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    if (this.#context.state !== 'closed') await this.#context.close();
  }
}
