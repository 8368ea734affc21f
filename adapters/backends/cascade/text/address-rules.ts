import { rewrite, type MappedText } from './mapped-text.ts';
import type { MarkWords, SpokenLanguage } from './spoken-language.ts';
import { sayDigits } from './spoken-number.ts';

type Rule = (source: MappedText, language: SpokenLanguage) => MappedText;

/** A path longer than this is not said. */
const maxPathUnits = 24;

const topLevel = 'com|org|net|de|io|ai|eu|fr|es|at|ch|uk|info|app|dev|edu|gov|in|jp|cn';
const email =
  /(?<![\p{L}\p{Nd}._%+-])(?<local>[\p{L}\p{Nd}._%+-]+)@(?<domain>[\p{L}\p{Nd}-]+(?:\.[\p{L}\p{Nd}-]+)+)/gu;
const url = new RegExp(
  `(?<![\\p{L}\\p{Nd}@._-])(?:https?://|(?=www\\.)|(?=[\\p{L}\\p{Nd}-]+(?:\\.[\\p{L}\\p{Nd}-]+)*\\.(?:${topLevel})(?![\\p{L}\\p{Nd}-])))(?:www\\.)?(?<host>[\\p{L}\\p{Nd}-]+(?:\\.[\\p{L}\\p{Nd}-]+)+)(?::\\d+)?(?<path>/[^\\s<>"'()]*[^\\s<>"'().,;:!?])?/gu`.replace(
    /\/gu$/u,
    '',
  ),
  'gu',
);
// Between two groups stands a mark: a run of digits has one reading, so the pattern cannot explode.
const phone =
  /(?<![\p{L}\p{Nd}.,:/-])(?<number>\+?\(?\p{Nd}+\)?(?:(?: ?[-/] ?| |(?<=\)))\(?\p{Nd}+\)?)*)(?![\p{L}\p{Nd}]|[-/:.,]\p{Nd})/gu;
const code =
  /(?<![\p{L}\p{Nd}._@/-])[\p{Lu}\p{Nd}]+(?:-[\p{Lu}\p{Nd}]+)*(?![\p{L}\p{Nd}@/]|[-.]\p{L})/gu;

/** Letter by letter. */
const spelled = (letters: string): string => Array.from(letters).join(' ');

/** The parts of an address: words as they are, marks by name, digits and short labels one by one. */
const sayAddress = (
  text: string,
  language: SpokenLanguage,
  marks: MarkWords,
  spellShort: boolean,
): string =>
  (text.match(/\p{L}+|\p{Nd}+|[^\p{L}\p{Nd}]/gu) ?? [])
    .map((part) => {
      if (/^\p{Nd}/u.test(part)) return sayDigits(part, language);
      if (/^\p{L}/u.test(part))
        return spellShort && part.length <= 2 ? spelled(part.toUpperCase()) : part;
      const named: Readonly<Record<string, string>> = {
        '.': marks.dot,
        '-': marks.dash,
        _: marks.underscore,
        '+': marks.plus,
        '/': marks.slash,
        '%': language.percent,
        '@': marks.at,
      };
      return named[part] ?? '';
    })
    .filter((part) => part !== '')
    .join(' ');

/** E-mail and web addresses. Scheme and "www" are not said, long paths are left out. */
export const addresses: Rule = (source, language) => {
  const { marks } = language;
  if (marks === undefined) return source;
  const mailed = rewrite(
    source,
    email,
    ({ groups }) =>
      `${sayAddress(groups?.['local'] ?? '', language, marks, false)} ${marks.at} ${sayAddress(groups?.['domain'] ?? '', language, marks, true)}`,
  );
  return rewrite(mailed, url, ({ groups }) => {
    const path = (groups?.['path'] ?? '').replace(/\/+$/u, '');
    const host = sayAddress(groups?.['host'] ?? '', language, marks, true);
    return path === '' || path.length > maxPathUnits || /[?#=&%]/u.test(path)
      ? host
      : `${host} ${sayAddress(path, language, marks, false)}`;
  });
};

/** Digits by threes, the last group of up to four: as people read a long number. */
const grouped = (digits: string): readonly string[] => {
  const groups: string[] = [];
  let rest = digits;
  while (rest.length > 4) {
    groups.push(rest.slice(0, 3));
    rest = rest.slice(3);
  }
  return [...groups, rest];
};

/** Telephone numbers and other long runs of digits, in the groups they are written in. */
export const phoneNumbers: Rule = (source, language) => {
  const { marks } = language;
  if (marks === undefined) return source;
  return rewrite(source, phone, ({ groups }) => {
    const written = groups?.['number'] ?? '';
    const digits = written.replace(/\P{Nd}/gu, '');
    if (digits.length < 7) return undefined;
    const led = /^\+|^\(?0/u.test(written);
    // 1 250 000 is a number, and 2020-2026 are two.
    if (!led && /^\p{Nd}{1,3}(?: \p{Nd}{3})+$/u.test(written)) return undefined;
    if (/^(?:19|20)\d\d ?- ?(?:19|20)\d\d$/u.test(written)) return undefined;
    const said = written
      .split(/[^\p{Nd}]+/u)
      .filter((group) => group !== '')
      .flatMap((group) => (group.length > 4 ? grouped(group) : [group]))
      .map((group) => sayDigits(group, language))
      .join(', ');
    return written.startsWith('+') ? `${marks.plus} ${said}` : said;
  });
};

/** How one run of a code is said: letters one by one, up to three digits after letters as a number. */
const sayRun = (run: string, language: SpokenLanguage, spell: boolean): string => {
  if (!/^\p{Nd}/u.test(run)) return spelled(run);
  return spell || run.startsWith('0') ? sayDigits(run, language) : language.numbers.cardinal(run);
};

/** "AB12CD", "XK-42", "J-O-H-N" letter by letter; "A4" and "B12" as a letter and a number. */
export const codes: Rule = (source, language) => {
  if (language.marks === undefined) return source;
  return rewrite(source, code, ([written]) => {
    const runs = written.match(/\p{Lu}+|\p{Nd}+/gu) ?? [];
    const letters = runs.filter((run) => /^\p{Lu}/u.test(run));
    if (letters.length === 0) return undefined;
    if (/^\p{Lu}(?:-\p{Lu}){2,}$/u.test(written)) return runs.join(' ');
    if (letters.length === runs.length) return undefined;
    // COVID-19 is a word with a number.
    if (letters.some((run) => run.length > 3))
      return runs
        .map((run) => (letters.includes(run) ? run : sayRun(run, language, false)))
        .join(' ');
    const short = /^\p{Lu}-?\p{Nd}{1,3}$/u.test(written);
    if (/^\p{Lu}{2,3}\p{Nd}$|^\p{Nd}\p{Lu}$|^\p{Lu}\p{Nd}\p{Lu}$/u.test(written)) {
      return runs.map((run) => sayRun(run, language, false)).join(' ');
    }
    return written
      .split('-')
      .map((part) =>
        (part.match(/\p{Lu}+|\p{Nd}+/gu) ?? [])
          .map((run) => sayRun(run, language, !short))
          .join(' '),
      )
      .join(short ? ' ' : ', ');
  });
};
