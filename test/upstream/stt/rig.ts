import { setImmediate } from 'node:timers/promises';
import type { SttSurroundings } from '../../../adapters/speech/stt/shared/hosted-port.ts';
import type { Logger } from '../../../src/ports/log.ts';
import type { SpeechToTextContext, SpeechToTextPort } from '../../../src/ports/speech-to-text.ts';
import { ManualClock } from '../../../src/time/manual-clock.ts';
import { SttProbe } from '../../contract/stt-probe.ts';
import type { SttStandIn } from './server.ts';

/** Has characters that a query writes otherwise: the key must not be found in either spelling. */
export const sttKey = 'stt+secret/key=1';

/** A recogniser's adapter and a stand-in of its own, on one manual clock. */
export class SttRig<Server extends { close(): Promise<void> } = SttStandIn> {
  readonly clock: ManualClock;
  readonly server: Server;
  readonly port: SpeechToTextPort;
  /** Fields of every log line, as JSON. */
  readonly logged: string[] = [];

  private constructor(clock: ManualClock, server: Server, port: SpeechToTextPort) {
    this.clock = clock;
    this.server = server;
    this.port = port;
  }

  /** @param more of the surroundings, e.g. a recorder of wires */
  static async start<Server extends { close(): Promise<void> }>(
    startServer: (clock: ManualClock) => Promise<Server>,
    makePort: (server: Server, surroundings: SttSurroundings) => SpeechToTextPort,
    more: Partial<SttSurroundings> = {},
  ): Promise<SttRig<Server>> {
    const clock = new ManualClock();
    const server = await startServer(clock);
    const port = makePort(server, {
      env: { STT_KEY: sttKey },
      readText: () => Promise.reject(new Error('no file is to be read here')),
      clock,
      resolvePath: (path) => path,
      pulledModel: () => null,
      chance: () => 0.5,
      ...more,
    });
    return new SttRig(clock, server, port);
  }

  /** Moves time in steps of 10 ms, and lets sockets deliver in between. */
  readonly pass = async (ms: number): Promise<void> => {
    for (let passedMs = 0; passedMs < ms; passedMs += 10) {
      this.clock.advance(Math.min(10, ms - passedMs));
      for (let look = 0; look < 6; look += 1) await setImmediate();
    }
  };

  context(differing: Partial<SpeechToTextContext> = {}): SpeechToTextContext {
    const note = (event: string, fields?: object): void => {
      this.logged.push(JSON.stringify({ event, ...fields }));
    };
    const log: Logger = { debug: note, info: note, warn: note, error: note };
    const [format] = this.port.capabilities.inputFormats;
    return {
      callId: 'call_1',
      format: format!,
      language: null,
      keyTerms: [],
      clock: this.clock,
      log,
      ...differing,
    };
  }

  /** Opens a session while time passes. @throws CallError when it is refused */
  async open(
    differing: Partial<SpeechToTextContext> = {},
    signal = new AbortController().signal,
  ): Promise<SttProbe> {
    const context = this.context(differing);
    const opening = this.port.open(context, signal);
    const settled = new AbortController();
    const settle = (): void => settled.abort();
    opening.then(settle, settle);
    for (let step = 0; step < 2000 && !settled.signal.aborted; step += 1) await this.pass(10);
    return new SttProbe(await opening, context.format, this.pass);
  }

  async close(): Promise<void> {
    await this.port.close();
    await this.server.close();
  }
}
