import { systemClock } from '../time/clock.ts';

/** Where words for the person at the keyboard go. */
export interface Terminal {
  line(text: string): void;
  /** Shows a line that the next one of either kind overwrites; null where nobody watches. */
  readonly progress: ((text: string) => void) | null;
  nowMs(): number;
}

/** What of a stream is needed: standard error, or a test's. */
export interface TerminalStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Lines on a stream; progress only when that is a terminal. */
export function terminal(stream: TerminalStream): Terminal {
  let open = false;
  return {
    line: (text) => {
      stream.write(`${open ? '\n' : ''}${text}\n`);
      open = false;
    },
    progress:
      stream.isTTY === true
        ? (text) => {
            stream.write(`\r${text}`);
            open = true;
          }
        : null,
    nowMs: () => systemClock.nowMs(),
  };
}
