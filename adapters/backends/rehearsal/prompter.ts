import type { CallSettings } from '../../../src/ports/settings.ts';
import type { Answer, Script, ScriptTurn, SpokenAnswer } from './script.ts';

/** What is really done for one request. */
export type Cue =
  | { readonly kind: 'say'; readonly answer: SpokenAnswer }
  | {
      readonly kind: 'call';
      readonly name: string;
      /** JSON text. */
      readonly arguments: string;
      /** Said after the tool has answered; `null` out of band, where nothing follows. */
      readonly then: Answer | null;
      readonly firstAudioMs: number | null;
    };

type ToolSettings = Pick<CallSettings, 'tools' | 'toolChoice'>;

/** Longest part of a tool's output that is spoken, characters. */
const spokenOutputChars = 200;

/** Tool calls whose answers are waited for at once; older ones are given up. */
const waitingLimit = 64;

/**
 * Walks through a script: whose turn it is, which tool calls wait for their answers, and what a
 * scripted answer becomes under the tools a call really has.
 */
export class Prompter {
  readonly #script: Script;
  #turn = 0;
  #outOfBand = 0;
  readonly #waiting: {
    readonly toolCallId: string;
    readonly then: Answer;
    output: string | null;
  }[] = [];

  constructor(script: Script) {
    this.#script = script;
  }

  /** What the caller is taken to have said before the next answer; `null` where it is not scripted. */
  get callerText(): string | null {
    return this.#scripted()?.callerText ?? null;
  }

  /** The next answer in the conversation: what follows an answered tool call, or the next turn. */
  next(settings: ToolSettings): Cue {
    const index = this.#waiting.findIndex((each) => each.output !== null);
    const answered = this.#waiting[index];
    if (answered !== undefined) {
      this.#waiting.splice(index, 1);
      return cueOf(answered.then, settings, answered.output);
    }
    const turn = this.#scripted();
    this.#turn += 1;
    return cueOf(turn?.answer ?? this.#script.fallback, settings, null);
  }

  /** The next answer out of band. */
  nextOutOfBand(settings: ToolSettings): Cue {
    const answers = this.#script.outOfBand;
    const answer = answers[this.#outOfBand % answers.length] ?? this.#script.fallback;
    this.#outOfBand += 1;
    const cue = cueOf(answer, settings, null);
    return cue.kind === 'call' ? { ...cue, then: null } : cue;
  }

  /** A tool was called under this id; `then` is said once it has answered. */
  wait(toolCallId: string, then: Answer): void {
    this.#waiting.push({ toolCallId, then, output: null });
    if (this.#waiting.length > waitingLimit) this.#waiting.shift();
  }

  /** A tool's output came. Outputs of calls that nobody waits for are only context. */
  answered(toolCallId: string, output: string): void {
    const waiting = this.#waiting.find((each) => each.toolCallId === toolCallId);
    if (waiting !== undefined) waiting.output ??= output;
  }

  #scripted(): ScriptTurn | undefined {
    const { turns, whenDone } = this.#script;
    return turns[whenDone === 'repeat' ? this.#turn % turns.length : this.#turn];
  }
}

function cueOf(answer: Answer, settings: ToolSettings, output: string | null): Cue {
  const { toolChoice, tools } = settings;
  switch (answer.kind) {
    case 'tool': {
      if (toolChoice.mode === 'none' || !tools.some((tool) => tool.name === answer.name)) {
        const text = `The script calls the tool ${answer.name}, which this call does not have.`;
        return saying(text, answer.firstAudioMs);
      }
      // A choice of another tool is an order; the script's own call comes after it.
      if (output === null && toolChoice.mode === 'tool' && toolChoice.name !== answer.name) {
        return ordered(toolChoice.name, answer, settings);
      }
      return { ...answer, kind: 'call' };
    }
    case 'spoken':
      // After a tool's output the order has been followed; to follow it again would never end.
      if (output === null && toolChoice.mode === 'tool') {
        return ordered(toolChoice.name, answer, settings);
      }
      if (output === null && toolChoice.mode === 'required') {
        return ordered(tools[0]?.name ?? null, answer, settings);
      }
      return { kind: 'say', answer: { ...answer, text: filled(answer.text, output) } };
  }
}

/** A call that the client's tool choice asks for and the script does not have. */
function ordered(name: string | null, then: Answer, { tools }: ToolSettings): Cue {
  if (name === null || !tools.some((tool) => tool.name === name)) {
    return saying('I was told to call a tool that this call does not have.', then.firstAudioMs);
  }
  return { kind: 'call', name, arguments: '{}', then, firstAudioMs: then.firstAudioMs };
}

/** Words that the core wants said as they are; the script stays where it is. */
export function verbatim(words: string): Cue {
  return saying(words, null);
}

function saying(text: string, firstAudioMs: number | null): Cue {
  return {
    kind: 'say',
    answer: { kind: 'spoken', text, recording: null, words: null, firstAudioMs },
  };
}

function filled(text: string, output: string | null): string {
  return text.replaceAll('{output}', () => (output ?? '').slice(0, spokenOutputChars));
}
