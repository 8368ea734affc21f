import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import type { WordTime } from '../../../src/ports/conversation.ts';
import { wordsOf } from './speech.ts';

/** Something to say: with the synthetic voice, or from a recording. */
export interface SpokenAnswer {
  readonly kind: 'spoken';
  /** `{output}` stands for the output of the tool that this answers to. */
  readonly text: string;
  /** Path of a WAV file that holds these words, or `null` for the synthetic voice. */
  readonly recording: string | null;
  /** When the recording's words are said; `null`: spread over it by their length. */
  readonly words: readonly WordTime[] | null;
  /** Fixed delay instead of a drawn one, ms. */
  readonly firstAudioMs: number | null;
}

/** A tool to call, and what to say once it has answered. */
interface ToolAnswer {
  readonly kind: 'tool';
  readonly name: string;
  /** JSON text. */
  readonly arguments: string;
  readonly then: Answer;
  readonly firstAudioMs: number | null;
}

export type Answer = SpokenAnswer | ToolAnswer;

export interface ScriptTurn {
  /** What it pretends to have heard; `null`: it only says how long the caller spoke. */
  readonly callerText: string | null;
  readonly answer: Answer;
}

/** What a rehearsal says, in order. */
export interface Script {
  readonly turns: readonly ScriptTurn[];
  /** Answers to requests out of band, in order, from the first again after the last. */
  readonly outOfBand: readonly Answer[];
  /** Once every turn was used: from the first again, or `fallback` for good. */
  readonly whenDone: 'repeat' | 'fallback';
  readonly fallback: Answer;
}

/** Characters of one answer: about a minute and a half of speech. */
const textChars = 1200;
/** Characters of a script's own text. */
const scriptChars = 1_048_576;

const delayMs = z.number().min(0).max(120_000);
const wordTime = z.strictObject({
  text: z.string().min(1),
  startMs: z.number().min(0),
  endMs: z.number().min(0),
});

interface AnswerInput {
  text?: string | undefined;
  audio?: string | undefined;
  words?: z.infer<typeof wordTime>[] | undefined;
  tool?: { name: string; arguments?: Record<string, unknown> | undefined } | undefined;
  then?: AnswerInput | undefined;
  firstAudioMs?: number | undefined;
}

const answerShape = {
  text: z.string().trim().min(1).max(textChars).optional(),
  audio: z.string().min(1).optional(),
  words: z.array(wordTime).optional(),
  tool: z
    .strictObject({
      name: z.string().min(1).max(128),
      arguments: z.record(z.string(), z.unknown()).optional(),
    })
    .optional(),
  get then(): z.ZodOptional<z.ZodType<AnswerInput>> {
    return answerSchema.optional();
  },
  firstAudioMs: delayMs.optional(),
};

const answerSchema: z.ZodType<AnswerInput> = z.strictObject(answerShape).superRefine(checkAnswer);

const turnSchema = z
  .strictObject({ ...answerShape, then: z.lazy(() => answerSchema).optional() })
  .extend({ callerText: z.string().min(1).max(textChars).optional() })
  .superRefine(checkAnswer);

/**
 * A script as people write it: every answer has either `text` (with `audio`) or `tool`. What it
 * gives can be parsed again.
 */
export const scriptSchema = z.strictObject({
  turns: z.array(turnSchema).min(1).max(1000),
  outOfBand: z.array(answerSchema).min(1).max(1000).optional(),
  whenDone: z.enum(['repeat', 'fallback']).optional(),
  fallback: answerSchema.optional(),
});

/** A written script with everything that it leaves out. */
export function toScript(written: z.infer<typeof scriptSchema>): Script {
  return {
    turns: written.turns.map(({ callerText, ...answer }) => ({
      callerText: callerText ?? null,
      answer: toAnswer(answer),
    })),
    outOfBand: (written.outOfBand ?? [{ text: 'This answer was given out of band.' }]).map(
      toAnswer,
    ),
    whenDone: written.whenDone ?? (written.fallback === undefined ? 'repeat' : 'fallback'),
    fallback: toAnswer(written.fallback ?? { text: 'The script has nothing more to say.' }),
  };
}

/**
 * Reads a script from YAML or JSON.
 *
 * @throws RangeError that names every place that is wrong
 */
export function parseScript(text: string): Script {
  if (text.length > scriptChars) {
    throw new RangeError(`a script holds at most ${scriptChars} characters, got ${text.length}`);
  }
  let value: unknown;
  try {
    value = parseYaml(text);
  } catch (thrown) {
    throw new RangeError(thrown instanceof Error ? thrown.message : 'not YAML', { cause: thrown });
  }
  const parsed = scriptSchema.safeParse(value);
  if (parsed.success) return toScript(parsed.data);
  const problems = parsed.error.issues.map(
    (issue) => `${issue.path.map(String).join('.') || 'script'}: ${issue.message}`,
  );
  throw new RangeError(problems.join('; '), { cause: parsed.error });
}

/** Every recording that a script names, each once. */
export function recordingsOf(script: Script): readonly string[] {
  const paths = new Set<string>();
  const visit = (answer: Answer): void => {
    switch (answer.kind) {
      case 'spoken':
        if (answer.recording !== null) paths.add(answer.recording);
        return;
      case 'tool':
        visit(answer.then);
    }
  };
  for (const turn of script.turns) visit(turn.answer);
  script.outOfBand.forEach(visit);
  visit(script.fallback);
  return [...paths];
}

function checkAnswer(answer: AnswerInput, context: z.core.$RefinementCtx): void {
  const complain = (path: keyof AnswerInput, message: string): void => {
    context.addIssue({ code: 'custom', path: [path], message });
  };
  if ((answer.text === undefined) === (answer.tool === undefined)) {
    complain('text', 'an answer has either text or tool');
  }
  if (answer.audio !== undefined && answer.text === undefined) {
    complain('audio', 'audio needs the text that it says');
  }
  if (answer.then !== undefined && answer.tool === undefined) {
    complain('then', 'only a tool has a then');
  }
  if (answer.words === undefined) return;
  if (answer.audio === undefined) complain('words', 'only audio has word times');
  if (answer.words.length !== wordsOf(answer.text ?? '').length) {
    complain('words', 'there is one word time for each word of the text');
  }
  let endMs = 0;
  for (const word of answer.words) {
    if (word.startMs < endMs || word.endMs < word.startMs) {
      complain('words', 'word times do not go backwards');
      return;
    }
    endMs = word.endMs;
  }
}

function toAnswer(input: AnswerInput): Answer {
  const firstAudioMs = input.firstAudioMs ?? null;
  if (input.tool !== undefined) {
    return {
      kind: 'tool',
      name: input.tool.name,
      arguments: JSON.stringify(input.tool.arguments ?? {}),
      then: toAnswer(input.then ?? { text: 'The tool has answered.' }),
      firstAudioMs,
    };
  }
  return {
    kind: 'spoken',
    text: input.text ?? '',
    recording: input.audio ?? null,
    words: input.words ?? null,
    firstAudioMs,
  };
}
