import type { ClientCommand } from '../../../src/ports/client.ts';
import type { Line } from '../../../src/ports/events.ts';
import type { MessageNote } from '../../../src/ports/conversation.ts';
import type { LineOverrides } from '../../../src/ports/settings.ts';
import { appendText, type Append } from './appends.ts';
import { problemOf } from './problems.ts';
import { delegateTool } from './start.ts';
import type { LiveSession } from './session.ts';

const acknowledgement = 'Tell the caller in one short sentence that you are on it.';
const pendingOutput = '{"status":"pending","note":"The result comes later, as context."}';

/** What appends are to a backend that decides by itself what to make of them. */
const noteKinds = { instructions: 'rule', thinking: 'known', commentary: 'tell' } as const;

/**
 * What the model of a Live session would do by itself: decide when a commentary is spoken, and when
 * to say that something is under way. It speaks when nobody else does.
 */
export class Floor {
  callerSpeaks = false;
  readonly #session: LiveSession;
  readonly #lines = new Set<string>();
  /** What the agent is to do at the next chance: answer as it likes, or say something. */
  #wanted: 'answer' | 'words' | null = null;
  /** Anything was said, by anybody. */
  #begun = false;

  constructor(session: LiveSession) {
    this.#session = session;
  }

  opened({ lineId, epoch }: Line): void {
    if (epoch === null) return;
    this.#begun = true;
    this.#lines.add(lineId);
  }

  has(lineId: string): boolean {
    return this.#lines.has(lineId);
  }

  /** @returns whether it was a line of the conversation */
  closed(lineId: string): boolean {
    return this.#lines.delete(lineId);
  }

  /** The agent is to speak at the next chance; several wishes are one. */
  speak(): void {
    this.#wanted = 'answer';
  }

  /** The clock passed this point, timeline ms: places what was waiting for it. */
  passed(trackMs: number): void {
    const { appends, delegations } = this.#session;
    for (const append of appends.due(trackMs)) {
      const { kind, eventId } = append;
      const placed = this.#session.attempt(eventId, () => this.#place(append));
      if (!placed) continue;
      const at = { start_ms: trackMs, end_ms: trackMs };
      this.#session.send({ type: `session.${kind}.appended`, ...at }, eventId);
      if (kind !== 'instructions') delegations.settle();
      // Who decides by itself what to say of it is not asked to.
      if (this.#takesNotes) continue;
      if (kind === 'commentary') this.#wanted ??= 'words';
      else if (kind === 'instructions' && !this.#begun) this.#wanted = 'answer';
    }
    if (delegations.due(trackMs) && !this.#takesNotes) {
      this.#session.attempt(null, () => this.note(acknowledgement));
      this.#wanted ??= 'words';
    }
    if (this.#wanted !== null && this.#free) this.#respond(this.#wanted);
  }

  /** Adds to the context. @throws CallError where the backend takes none */
  note(text: string, note: MessageNote | null = null): void {
    this.run({
      type: 'item.create',
      item: {
        kind: 'message',
        role: 'system',
        content: [{ type: 'text', text }],
        itemId: null,
        ...(note === null ? {} : { note }),
      },
      after: null,
    });
  }

  /** The model that delegated is told to wait for nothing, unless it waits for what the app says. */
  answerPending(toolCallId: string): void {
    if (this.#takesNotes) return;
    const item = { kind: 'tool_output', toolCallId, output: pendingOutput, itemId: null } as const;
    this.#session.call.execute({ type: 'item.create', item, after: null });
  }

  /** @throws CallError where it is refused */
  run(command: ClientCommand): void {
    const result = this.#session.call.execute(command);
    if (!result.ok) throw result.error;
  }

  get #takesNotes(): boolean {
    return this.#session.call.capabilities.notes === true;
  }

  #place(append: Append): void {
    if (!this.#takesNotes) {
      this.note(appendText(append));
      return;
    }
    const { kind, content, delegationId } = append;
    const { delegations } = this.#session;
    const open = kind === 'commentary' ? delegations.answer(delegationId) : null;
    if (open !== null) {
      const item = {
        kind: 'tool_output',
        toolCallId: open,
        output: content,
        itemId: null,
      } as const;
      this.run({ type: 'item.create', item, after: null });
      return;
    }
    const toolCallId = delegations.toolCallOf(delegationId);
    this.note(content, { kind: noteKinds[kind], toolCallId });
  }

  get #free(): boolean {
    const { track } = this.#session;
    return this.#lines.size === 0 && !this.callerSpeaks && !track.waiting && !track.fixturePlays;
  }

  #respond(wanted: 'answer' | 'words'): void {
    const respond = {
      type: 'respond',
      requestId: null,
      outOfBand: false,
      overrides: wanted === 'words' ? this.#wordsOnly : {},
      metadata: null,
      input: null,
    } as const;
    const result = this.#session.call.execute(respond);
    if (result.ok) this.#wanted = null;
    // Somebody was quicker: there will be another chance.
    else if (result.error.code !== 'conversation_already_has_active_response') {
      this.#wanted = null;
      this.#session.fail(problemOf(result.error), null);
    }
  }

  /**
   * Who is asked to tell something may not hand it on instead: the app's answer to that would be
   * asked to be told again, without end.
   */
  get #wordsOnly(): LineOverrides {
    const { capabilities, settings } = this.#session.call;
    const { rigid } = capabilities;
    const hands = settings.tools.some(({ name }) => name === delegateTool.name);
    const free = rigid?.perLine !== true && rigid?.always.includes('toolChoice') !== true;
    return hands && free ? { toolChoice: { mode: 'none' } } : {};
  }
}
