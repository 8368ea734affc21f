import type { FrameOutput } from '../../adapters/inference/frame-output.ts';
import type { FromModel, ToModel } from '../../adapters/inference/messages.ts';
import type { ModelLinkHandlers, OpenModelLink } from '../../adapters/inference/model-link.ts';

interface Answer {
  readonly full?: readonly boolean[];
  readonly runMs?: number;
  /** What the model says with each row's frame. */
  readonly output?: FrameOutput;
}

/** A model's thread that does nothing but what the test makes it do. */
export class ManualLinks {
  /** Everything sent, over all threads. */
  readonly sent: ToModel[] = [];
  /** Threads started so far, the last one at the end. */
  readonly threads: { readonly handlers: ModelLinkHandlers; ended: boolean }[] = [];

  readonly open: OpenModelLink = (_, handlers) => {
    const thread = { handlers, ended: false };
    this.threads.push(thread);
    return {
      send: (message) => void this.sent.push(message),
      end: () => {
        thread.ended = true;
      },
    };
  };

  say(message: FromModel): void {
    this.threads.at(-1)!.handlers.message(message);
  }

  die(reason: string): void {
    this.threads.at(-1)!.handlers.lost(reason);
  }

  /** The steps among what was sent: which rows each had. */
  get steps(): (readonly number[])[] {
    return this.sent.flatMap((message) => (message.type === 'step' ? [message.slots] : []));
  }

  /** Answers the last step: row i of it says `i + 1` in every sample. */
  answer(options: Answer = {}): void {
    const rows = this.steps.at(-1)!.length;
    const pcm = new Int16Array(rows * 1920);
    for (let row = 0; row < rows; row += 1) pcm.fill(row + 1, row * 1920, (row + 1) * 1920);
    this.say({
      type: 'stepped',
      pcm,
      outputs: Array.from({ length: rows }, () => options.output ?? null),
      full: options.full ?? Array.from({ length: rows }, () => false),
      runMs: options.runMs ?? 1,
    });
  }
}
