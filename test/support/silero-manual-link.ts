import type {
  OpenScoringLink,
  ScoreRequest,
  ScoringLinkHandlers,
} from '../../adapters/detectors/silero-vad/scoring-link.ts';

/** A scoring thread that does nothing until told to: the test plays its part. */
export class ManualLink {
  /** Requests that were not answered yet, oldest first. */
  readonly requests: ScoreRequest[] = [];
  /** Times a thread was started and ended. */
  starts = 0;
  ends = 0;
  #handlers: ScoringLinkHandlers | undefined;

  readonly open: OpenScoringLink = (_start, handlers) => {
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

  /** Answers the oldest request: each frame scores the value of its first sample. */
  answer(): ScoreRequest {
    const request = this.requests.shift();
    if (request === undefined) throw new TypeError('there is no request to answer');
    const frames = request.streamIds.length;
    const probabilities = Float32Array.from(
      { length: frames },
      (_, frame) => request.pcm[frame * 512]!,
    );
    this.#handlers?.reply({
      type: 'scores',
      probabilities,
      batches: 1,
      invalidFrames: 0,
      runMs: 2,
    });
    return request;
  }

  /** Answers with this many scores, whatever was asked. */
  answerWith(probabilities: readonly number[]): void {
    this.requests.shift();
    this.#handlers?.reply({
      type: 'scores',
      probabilities: Float32Array.from(probabilities),
      batches: 1,
      invalidFrames: 0,
      runMs: 2,
    });
  }
}
