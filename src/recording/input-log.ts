import type { CallOptions } from '../call/options.ts';
import type {
  BackendContext,
  BackendEvent,
  BackendPort,
  BackendSession,
} from '../ports/backend.ts';
import type { DetectorPort } from '../ports/detector.ts';
import type { EndOfTurnPort } from '../ports/end-of-turn.ts';
import { asCallError } from '../ports/errors.ts';
import type { RecordingSink } from '../ports/recording.ts';
import type { ToolPort, ToolSet } from '../ports/tool.ts';
import type { Incoming } from '../streams/bounded-queue.ts';
import type { IdSource } from '../time/ids.ts';
import { inputLine, noted, type NotedInput, type NotedOpening, type NotedTool } from './inputs.ts';

export interface InputLogOptions {
  readonly sink: Pick<RecordingSink, 'write'>;
  /** Monotonic time of the call's start. */
  readonly originMs: () => number;
  /** Time since then, ms. */
  readonly callMs: () => number;
}

/**
 * Writes down everything that comes into a call from outside, so that the call can be made again:
 * puts itself between the call and its ports, and changes nothing of what they say.
 */
export class InputLog {
  readonly #options: InputLogOptions;
  #lastMs = 0;
  #soundBytes = 0;
  #sessions = 0;
  #streams = 0;
  #asked = 0;
  #runs = 0;

  constructor(options: InputLogOptions) {
    this.#options = options;
  }

  /** What a call is to be made of instead. To be asked once, right before it is made. */
  around(options: CallOptions): CallOptions {
    const { detector, endOfTurn = null, tools, toolSet = null } = options;
    this.#line(openingOf(options));
    return {
      ...options,
      ids: this.#ids(options.ids),
      backends: options.backends.map((port) => this.#backend(port, options.ids)),
      detector: detector === null ? null : this.#detector(detector),
      endOfTurn: endOfTurn === null ? null : this.#endOfTurn(endOfTurn),
      tools: tools.map((tool) => this.#tool(tool)),
      toolSet: toolSet === null ? null : this.#toolSet(toolSet),
    };
  }

  note(input: NotedInput): void {
    // Never back, also where the call's start has become known better.
    this.#lastMs = Math.max(this.#lastMs, this.#options.callMs());
    this.#line({ ...input, at: this.#lastMs });
  }

  #line(input: Parameters<typeof inputLine>[0]): void {
    const { sink } = this.#options;
    const line = inputLine(input, (bytes) => {
      const at = this.#soundBytes;
      this.#soundBytes += bytes.byteLength;
      sink.write('sounds', bytes);
      return at;
    });
    sink.write('inputs', line);
  }

  #ids(ids: IdSource): IdSource {
    return {
      next: (prefix) => {
        const id = ids.next(prefix);
        this.note({ in: 'id', prefix, id });
        return id;
      },
    };
  }

  /** Properties are asked of the port itself, which may change them. */
  #backend(port: BackendPort, ids: IdSource): BackendPort {
    const open = async (context: BackendContext, signal: AbortSignal): Promise<BackendSession> => {
      const { name } = port;
      try {
        // What the backend calls its own things is not part of the call.
        const session = await port.open({ ...context, ids }, signal);
        const n = this.#sessions++;
        this.note({ in: 'opened', name, n });
        return this.#session(session, n);
      } catch (thrown) {
        this.note({ in: 'refused', name, error: noted(asCallError(thrown)) });
        throw thrown;
      }
    };
    return instead(port, { open });
  }

  #session(session: BackendSession, n: number): BackendSession {
    const { events } = session;
    const note = (event: BackendEvent): void =>
      this.note({ in: 'event', n, event: this.#ofCall(event) });
    const ended = (): void => this.note({ in: 'ended', n });
    const { consume } = events;
    const watched: Incoming<BackendEvent> = {
      ...(consume === undefined
        ? {}
        : {
            consume: async (take) => {
              await events.consume?.((event) => {
                note(event);
                return take(event);
              });
              ended();
            },
          }),
      async *[Symbol.asyncIterator]() {
        for await (const event of events) {
          note(event);
          yield event;
        }
        ended();
      },
    };
    return {
      events: watched,
      ...(session.seed === undefined ? {} : { seed: (items) => session.seed?.(items) }),
      send: (command) => session.send(command),
      close: () => session.close(),
    };
  }

  /** Times on the process's clock become the call's. */
  #ofCall(event: BackendEvent): BackendEvent {
    return event.type === 'line.stage'
      ? { ...event, clockMs: event.clockMs - this.#options.originMs() }
      : event;
  }

  #detector(port: DetectorPort): DetectorPort {
    const open: DetectorPort['open'] = (onScore, onFail) => {
      const n = this.#streams++;
      return port.open(
        (score) => {
          this.note({ in: 'score', n, score });
          onScore(score);
        },
        (error) => {
          this.note({ in: 'deaf', n, message: error.message });
          onFail(error);
        },
      );
    };
    return instead(port, { open });
  }

  #endOfTurn(port: EndOfTurnPort): EndOfTurnPort {
    const open: EndOfTurnPort['open'] = (onScore, onFail) => {
      const n = this.#asked++;
      return port.open((score) => {
        this.note({ in: 'endOfTurn', n, score });
        onScore(score);
      }, onFail);
    };
    return instead(port, { open });
  }

  #tool(tool: ToolPort): ToolPort {
    const run: ToolPort['run'] = async (invocation, signal) => {
      const n = this.#runs++;
      try {
        const text = await tool.run(invocation, signal);
        this.note({ in: 'tool', n, text });
        return text;
      } catch (thrown) {
        this.note({ in: 'toolFailed', n, error: noted(asCallError(thrown, 'tool_failed')) });
        throw thrown;
      }
    };
    return instead(tool, { run });
  }

  #toolSet(set: ToolSet): ToolSet {
    const known = new Map<ToolPort, ToolPort>();
    const watched = (tool: ToolPort): ToolPort => {
      const made = known.get(tool) ?? this.#tool(tool);
      known.set(tool, made);
      return made;
    };
    return {
      get tools() {
        return set.tools.map(watched);
      },
      listen: (onChange) => set.listen(onChange),
    };
  }
}

/** The port itself with one of its methods another. */
function instead<T extends object>(port: T, methods: Partial<T>): T {
  return new Proxy(port, {
    get(target, key) {
      const own: unknown = Reflect.get(methods, key);
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

function openingOf(options: CallOptions): NotedOpening {
  const { callId, agent, route = null, limits = null, backends, detector, tools } = options;
  const { endOfTurn = null, toolSet = null, canceller = null, listener = null } = options;
  const missing = [
    ...(canceller !== null && agent.turns.manner?.echo === 'aec3' ? ['echo canceller'] : []),
    ...(listener === null ? [] : ['listener']),
    ...((options.gateCheck ?? null) === null ? [] : ['gate check']),
    ...(options.spend === undefined ? [] : ['prices and limits']),
  ];
  return {
    ...{ in: 'opening', version: 1, callId, agent, route, limits, missing },
    backends: backends.map(({ name, type, capabilities }) => ({ name, type, capabilities })),
    detector:
      detector === null ? null : { rateHz: detector.rateHz, frameSamples: detector.frameSamples },
    endOfTurn: endOfTurn === null ? null : { rateHz: endOfTurn.rateHz },
    tools: [...tools, ...(toolSet?.tools ?? [])].map(notedTool),
  };
}

function notedTool({ definition, deadlineMs, manner }: ToolPort): NotedTool {
  return { definition, deadlineMs, manner: manner ?? null };
}
