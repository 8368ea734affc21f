import { ToolError, type ToolPort } from '../ports/tool.ts';
import { withRun } from './with-run.ts';

/** How many runs of a tool, or of all tools of a server, may go on at once, over all calls. */
export class RunLimit {
  readonly #most: number;
  #running = 0;
  #refused = 0;

  /** @param most a count, at least 1 */
  constructor(most: number) {
    this.#most = most;
  }

  get refused(): number {
    return this.#refused;
  }

  /** The tool, refusing in words beyond the limit. */
  around(tool: ToolPort): ToolPort {
    return withRun(tool, async (invocation, signal) => {
      if (this.#running >= this.#most) {
        this.#refused += 1;
        throw new ToolError('too many callers use it at once; try again in a moment', {
          retryable: true,
          refused: true,
        });
      }
      this.#running += 1;
      try {
        return await tool.run(invocation, signal);
      } finally {
        this.#running -= 1;
      }
    });
  }
}
