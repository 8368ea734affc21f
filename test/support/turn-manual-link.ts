import type {
  OpenTurnLink,
  TurnLinkHandlers,
  TurnRequest,
} from '../../adapters/detectors/smart-turn/turn-link.ts';

/** A scoring thread that does nothing until told to: the test plays its part. */
export class ManualTurnLink {
  /** Requests that were not answered yet, oldest first. */
  readonly requests: TurnRequest[] = [];
  /** Times a thread was started and ended. */
  starts = 0;
  ends = 0;
  #handlers: TurnLinkHandlers | undefined;

  readonly open: OpenTurnLink = (_start, handlers) => {
    this.starts += 1;
    this.#handlers = handlers;
    return {
      send: (request) => void this.requests.push(request),
      end: () => {
        this.ends += 1;
        return Promise.resolve();
      },
    };
  };

  ready(): void {
    this.#handlers?.reply({ type: 'ready' });
  }

  failed(message: string): void {
    this.#handlers?.reply({ type: 'failed', message });
  }

  lost(reason: string): void {
    this.#handlers?.lost(reason);
  }

  /** Answers the oldest request. @param raw what the graph gave, where it was asked */
  answer(raw: number | null = null): TurnRequest {
    const request = this.requests.shift();
    if (request === undefined) throw new TypeError('there is no request to answer');
    this.#handlers?.reply({ type: 'done', raw, audioMs: 1, scoreMs: raw === null ? 0 : 20 });
    return request;
  }
}
