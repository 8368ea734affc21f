import { unasked } from './line-request.ts';
import type { CommandTarget } from './commands.ts';
import type { LatestTurns } from './handover-turns.ts';
import type { Taker } from './handover-plan.ts';
import type { TurnDesk } from './turn-desk.ts';

export interface UnbegunAnswerOptions {
  readonly target: CommandTarget;
  readonly turns: TurnDesk;
  readonly latest: LatestTurns;
}

/**
 * The answer to a turn that a lost backend was to answer by itself, and had not begun: there is no line
 * that it could be owed in.
 */
export class UnbegunAnswer {
  readonly #options: UnbegunAnswerOptions;
  #owed = false;

  constructor(options: UnbegunAnswerOptions) {
    this.#options = options;
  }

  get owed(): boolean {
    return this.#owed;
  }

  /**
   * A backend is lost. What was owed before stays so where that one never came to serve.
   *
   * @param line whether anything had been begun
   */
  lost({ served, line }: { readonly served: boolean; readonly line: boolean }): void {
    this.#owed = !line && ((this.#owed && !served) || this.#isOwed());
  }

  /** The one that takes over will answer by itself. */
  answersItself(): void {
    this.#owed = false;
  }

  /** Another one serves: it is asked. @returns whether the caller is owed nothing after all */
  ask(): boolean {
    if (!this.#owed) return false;
    this.#owed = false;
    const { target, turns } = this.#options;
    const { context, lines, respond, tools } = target;
    if (lines.active !== null || tools.busy) return false;
    if (turns.callerSpeaks || !canBeAsked(context())) return true;
    respond({ ...unasked, cause: 'handover' }, null);
    return false;
  }

  #isOwed(): boolean {
    const { target, turns, latest } = this.#options;
    const { context, lines, settings, tools } = target;
    const byItself = context().authority !== 'gateway' && settings().turnDetection !== null;
    if (!byItself || lines.active !== null || tools.busy) return false;
    return latest
      .at(turns.unansweredFromSample)
      .some(({ answered, silence }) => !answered && !silence);
  }
}

/** Whether an answer can be asked for. */
export function canBeAsked({ authority, capabilities }: Taker): boolean {
  return authority === 'model' ? capabilities.promptable === true : capabilities.commit;
}
