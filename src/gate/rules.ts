import { folded } from './folded.ts';
import { EmailScanner } from './email.ts';
import { IbanScanner } from './iban.ts';
import { languageTable, LanguageScanner } from './languages.ts';
import { cardPattern, phonePattern, ssnPattern } from './number-patterns.ts';
import { NumberScanner } from './numbers.ts';
import { phraseTree, PhraseScanner } from './phrases.ts';
import { compileExpression } from './regex/program.ts';
import { parseExpression } from './regex/parse.ts';
import { RegexScanner } from './regex/scanner.ts';
import type { Found, Scanner } from './scanner.ts';
import type { GateRule, NamedPattern } from '../ports/gate.ts';

/** A rule that is ready to be followed through any number of texts. */
export interface CompiledRule {
  readonly name: string;
  readonly scanner: (found: Found) => Scanner;
}

/** @throws ExpressionError for an expression that is not taken */
export function compileRule(rule: GateRule): CompiledRule {
  const { name } = rule;
  switch (rule.kind) {
    case 'phrases': {
      const tree = phraseTree(rule.phrases);
      return { name, scanner: (found) => new PhraseScanner(tree, found) };
    }
    case 'pattern':
      return { name, scanner: (found) => patternScanner(rule.pattern, found) };
    case 'regex': {
      const steps = compileExpression(parseExpression(rule.source, folded));
      return { name, scanner: (found) => new RegexScanner(steps, found) };
    }
    case 'languages': {
      const table = languageTable(rule.languages);
      return { name, scanner: (found) => new LanguageScanner(table, found) };
    }
  }
}

function patternScanner(pattern: NamedPattern, found: Found): Scanner {
  switch (pattern) {
    case 'card':
      return new NumberScanner(cardPattern, found);
    case 'us-ssn':
      return new NumberScanner(ssnPattern, found);
    case 'phone':
      return new NumberScanner(phonePattern, found);
    case 'iban':
      return new IbanScanner(found);
    case 'email':
      return new EmailScanner(found);
  }
}
