import { isMap, isNode, isPair, isScalar, LineCounter, parseDocument, type Document } from 'yaml';

/** One thing that is wrong with a configuration. */
export interface ConfigProblem {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** Where in the tree, e.g. `agents.concierge.turns.profile`; empty at the top. */
  readonly path: string;
  /** A sentence that says what is wrong and, where it can, what would be right. */
  readonly message: string;
}

/** A step into the tree: a key, or a place in a list. */
export type PathStep = string | number;

/** A configuration text as a tree that remembers where everything stood. */
export class PositionedYaml {
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;

  constructor(text: string) {
    this.#lines = new LineCounter();
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
  }

  /** What is wrong with the text as YAML; nothing else can be said while there is something. */
  syntaxProblems(): readonly ConfigProblem[] {
    return [...this.#document.errors, ...this.#document.warnings].map((error) => ({
      ...this.#at(error.pos[0]),
      path: '',
      message: sentence(error.message),
    }));
  }

  /** The plain data. @throws Error when aliases blow up beyond the library's limit */
  toData(): unknown {
    return this.#document.toJS();
  }

  /** Whether the text has anything at `path`. */
  has(path: readonly PathStep[]): boolean {
    return this.#document.hasIn(path);
  }

  /** A problem at the value of `path`, or at its key; at the nearest thing above where it is not there. */
  problem(
    path: readonly PathStep[],
    message: string,
    options: { readonly atKey?: boolean } = {},
  ): ConfigProblem {
    const offset = (options.atKey === true ? this.#keyOffset(path) : null) ?? this.#offset(path);
    return { ...this.#at(offset), path: pathText(path), message };
  }

  #offset(path: readonly PathStep[]): number {
    for (let length = path.length; length > 0; length -= 1) {
      const node = this.#document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return node.range[0];
      const key = this.#keyOffset(path.slice(0, length));
      if (key !== null) return key;
    }
    return this.#document.contents?.range[0] ?? 0;
  }

  #keyOffset(path: readonly PathStep[]): number | null {
    const parent = path.length === 1 ? this.#document.contents : this.#parent(path);
    if (!isMap(parent)) return null;
    const last = path.at(-1);
    for (const pair of parent.items) {
      if (!isPair(pair) || !isScalar(pair.key)) continue;
      if (String(pair.key.value) === String(last)) return pair.key.range?.[0] ?? null;
    }
    return null;
  }

  #parent(path: readonly PathStep[]): unknown {
    return this.#document.getIn(path.slice(0, -1), true);
  }

  #at(offset: number): { line: number; column: number } {
    const { line, col } = this.#lines.linePos(offset);
    // An empty text has no lines at all.
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }
}

/** A path as it is written in sentences: `auth.keys[0].agents`. */
export function pathText(path: readonly PathStep[]): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}

/** `parley.yaml:3:5 agents.x: message`, as compilers write it. */
export function problemText(fileName: string, problem: ConfigProblem): string {
  const said = problem.path === '' || problem.message.startsWith(problem.path);
  const where = said ? '' : ` ${problem.path}:`;
  return `${fileName}:${problem.line}:${problem.column}${where} ${problem.message}`;
}

function sentence(text: string): string {
  const first = text.split('\n')[0]!.trim();
  return first.endsWith('.') ? first : `${first}.`;
}
