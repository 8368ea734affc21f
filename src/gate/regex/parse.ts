/** What an expression is made of. `test` judges one character. */
export type Expression =
  | { readonly kind: 'char'; readonly test: (char: string) => boolean }
  | { readonly kind: 'boundary'; readonly inverted: boolean }
  | { readonly kind: 'sequence'; readonly parts: readonly Expression[] }
  | { readonly kind: 'choice'; readonly options: readonly Expression[] }
  /** `most`: `Infinity` where there is no end. */
  | {
      readonly kind: 'repeat';
      readonly part: Expression;
      readonly least: number;
      readonly most: number;
    };

/** Longest expression that is taken, characters. */
const sourceLimit = 500;
/** Highest count in braces. */
const countLimit = 200;
/** Deepest nesting of groups. */
const depthLimit = 20;

/** An expression that is not taken; says why, for whoever wrote it. */
export class ExpressionError extends Error {}

/**
 * Reads an expression in the usual notation, less what cannot be matched in one pass: no
 * backreferences, no lookaround, no anchors.
 *
 * @param fold how text is folded before it is compared; literal characters are folded the same way
 * @throws ExpressionError
 */
export function parseExpression(source: string, fold: (text: string) => string): Expression {
  if (source.length > sourceLimit) {
    throw new ExpressionError(`is longer than ${sourceLimit} characters`);
  }
  const parser = new Parser(source, fold);
  return parser.parse();
}

class Parser {
  readonly #chars: readonly string[];
  readonly #fold: (text: string) => string;
  #at = 0;
  #depth = 0;

  constructor(source: string, fold: (text: string) => string) {
    this.#chars = Array.from(source);
    this.#fold = fold;
  }

  parse(): Expression {
    const expression = this.#choice();
    if (this.#at < this.#chars.length) throw new ExpressionError('has a ")" too many');
    return expression;
  }

  #choice(): Expression {
    const options = [this.#sequence()];
    while (this.#eat('|')) options.push(this.#sequence());
    return options.length === 1 ? options[0]! : { kind: 'choice', options };
  }

  #sequence(): Expression {
    const parts: Expression[] = [];
    while (this.#at < this.#chars.length && !'|)'.includes(this.#chars[this.#at]!)) {
      parts.push(this.#repeated());
    }
    return { kind: 'sequence', parts };
  }

  #repeated(): Expression {
    const part = this.#atom();
    const counts = this.#counts();
    if (counts === null) return part;
    this.#eat('?');
    if (this.#counts() !== null) throw new ExpressionError('repeats a repetition');
    return { kind: 'repeat', part, ...counts };
  }

  #counts(): { readonly least: number; readonly most: number } | null {
    if (this.#eat('*')) return { least: 0, most: Infinity };
    if (this.#eat('+')) return { least: 1, most: Infinity };
    if (this.#eat('?')) return { least: 0, most: 1 };
    const braces = /^\{(\d+)(,(\d*))?\}/.exec(this.#chars.slice(this.#at, this.#at + 12).join(''));
    if (braces === null) return null;
    this.#at += braces[0].length;
    const least = Number(braces[1]);
    const most = braces[2] === undefined ? least : braces[3] === '' ? Infinity : Number(braces[3]);
    if (most < least)
      throw new ExpressionError('has a range in braces that is the wrong way round');
    if (Math.max(least, most === Infinity ? 0 : most) > countLimit) {
      throw new ExpressionError(`counts further than ${countLimit}`);
    }
    return { least, most };
  }

  #atom(): Expression {
    const char = this.#chars[this.#at]!;
    this.#at += 1;
    switch (char) {
      case '(':
        return this.#group();
      case '[':
        return this.#class();
      case '\\':
        return this.#escape();
      case '.':
        return { kind: 'char', test: () => true };
      case '*':
      case '+':
      case '?':
        throw new ExpressionError(`has a "${char}" with nothing before it`);
      case '^':
      case '$':
        throw new ExpressionError(`has a "${char}", but text comes in pieces: use \\b`);
      default:
        return this.#literal(char);
    }
  }

  #group(): Expression {
    if (this.#eat('?')) {
      if (!this.#eat(':')) throw new ExpressionError('has a group that looks around or has a name');
    }
    this.#depth += 1;
    if (this.#depth > depthLimit) throw new ExpressionError('has too many groups in each other');
    const inside = this.#choice();
    this.#depth -= 1;
    if (!this.#eat(')')) throw new ExpressionError('has a group without its ")"');
    return inside;
  }

  #class(): Expression {
    const from = this.#at - 1;
    this.#eat('^');
    let first = true;
    for (;;) {
      const char = this.#chars[this.#at];
      if (char === undefined) throw new ExpressionError('has a "[" without its "]"');
      this.#at += char === '\\' ? 2 : 1;
      if (char === ']' && !first) break;
      if (char === ']') throw new ExpressionError('has empty brackets');
      first = false;
    }
    return this.#native(this.#chars.slice(from, this.#at).join(''));
  }

  #escape(): Expression {
    const char = this.#chars[this.#at];
    if (char === undefined) throw new ExpressionError('ends in a backslash');
    this.#at += 1;
    if (char === 'b' || char === 'B') return { kind: 'boundary', inverted: char === 'B' };
    if (/[dDwWsStn]/.test(char)) return this.#native(`\\${char}`);
    if (char === 'p' || char === 'P') {
      const rest = /^\{[\w=]{1,40}\}/.exec(this.#chars.slice(this.#at, this.#at + 42).join(''));
      if (rest === null) throw new ExpressionError(`has a \\${char} without its braces`);
      this.#at += rest[0].length;
      return this.#native(`\\${char}${rest[0]}`);
    }
    if (/[A-Za-z0-9]/.test(char)) throw new ExpressionError(`has a \\${char}, which is not taken`);
    return this.#literal(char);
  }

  #literal(char: string): Expression {
    const parts = Array.from(this.#fold(char), (part): Expression => ({
      kind: 'char',
      test: (other) => other === part,
    }));
    return parts.length === 1 ? parts[0]! : { kind: 'sequence', parts };
  }

  /** One character, judged by the engine of the language: that takes no time to speak of. */
  #native(source: string): Expression {
    try {
      const pattern = new RegExp(`^${source}$`, 'iu');
      return { kind: 'char', test: (char) => pattern.test(char) };
    } catch {
      throw new ExpressionError(`has ${source}, which cannot be read`);
    }
  }

  #eat(char: string): boolean {
    if (this.#chars[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }
}
