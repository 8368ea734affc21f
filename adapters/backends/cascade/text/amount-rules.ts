import { rewrite, type MappedText } from './mapped-text.ts';
import { oncePer } from './once-per.ts';
import type { CurrencyWords, SpokenLanguage } from './spoken-language.ts';
import { numberPattern, readNumber, sayCounted, sayNumber } from './spoken-number.ts';

type Rule = (source: MappedText, language: SpokenLanguage) => MappedText;

/** The longest first, each safe inside a pattern. */
const oneOf = (names: readonly string[]): string =>
  names
    .toSorted((a, b) => b.length - a.length)
    .map((name) => RegExp.escape(name))
    .join('|');

const amountPatterns = oncePer((language: SpokenLanguage): readonly RegExp[] => {
  const currency = `(?<currency>${oneOf(Object.keys(language.currencies))})`;
  const number = `(?<number>${numberPattern})`;
  const scale = `(?:[\\s\\u00a0](?<scale>${language.scales.join('|')})(?!\\p{L}))?`;
  const minus = '(?<minus>(?<![\\p{L}\\p{Nd}])[-−])?';
  return [
    new RegExp(`${minus}(?<![\\p{L}\\p{Nd}$])${currency}\\s?${number}(?!\\p{Nd})${scale}`, 'gu'),
    new RegExp(
      `${minus}(?<![\\p{L}\\p{Nd}]|\\p{Nd}[.,])${number}${scale}[\\s\\u00a0]?${currency}(?!\\p{L})`,
      'gu',
    ),
  ];
});

const sayAmount = (
  amount: { readonly number: string; readonly scale: string | undefined },
  currency: CurrencyWords,
  language: SpokenLanguage,
): string | undefined => {
  const number = readNumber(amount.number, language);
  if (number === undefined) return undefined;
  if (amount.scale !== undefined) {
    const said = sayNumber(number, language);
    const scale = amount.scale.replace('Mio.', 'Millionen').replace('Mrd.', 'Milliarden');
    return said === undefined ? undefined : `${said} ${scale} ${currency.many}`;
  }
  const { minor } = currency;
  if (minor === undefined || number.decimals.length !== 2)
    return sayCounted(number, currency, language);
  const whole = { ...number, decimals: '' };
  const hundredths = { negative: false, whole: String(Number(number.decimals)), decimals: '' };
  if (number.decimals === '00') return sayCounted(whole, currency, language);
  if (/^0+$/u.test(number.whole)) return sayCounted(hundredths, minor, language);
  const high = sayCounted(whole, currency, language);
  // German leaves the word out: "zwanzig Euro fünfzig".
  const low =
    currency.between === ' '
      ? sayNumber(hundredths, language)
      : sayCounted(hundredths, minor, language);
  return high === undefined || low === undefined ? undefined : high + currency.between + low;
};

export const money: Rule = (source, language) => {
  let text = source;
  for (const pattern of amountPatterns(language))
    text = rewrite(text, pattern, ({ groups }) => {
      const currency = language.currencies[groups?.['currency'] ?? ''];
      if (currency === undefined) return undefined;
      const amount = { number: groups?.['number'] ?? '', scale: groups?.['scale'] };
      const said = sayAmount(amount, currency, language);
      if (said === undefined) return undefined;
      return groups?.['minus'] === undefined ? said : `${language.minus} ${said}`;
    });
  return text;
};

const measurePattern = oncePer(
  (units: object): RegExp =>
    new RegExp(
      `(?<minus>(?<![\\p{L}\\p{Nd}])[-−])?(?<![\\p{L}\\p{Nd}]|\\p{Nd}[.,:/])(?<number>${numberPattern})[\\s\\u00a0]?(?<unit>${oneOf(Object.keys(units))})(?![\\p{L}\\p{Nd}²³/])(?:(?<=Std|Min|Sek|hrs|lbs|oz|ft)\\.(?=\\s))?`,
      'gu',
    ),
);

export const measures: Rule = (source, language) => {
  const { units } = language;
  if (units === undefined) return source;
  return rewrite(source, measurePattern(units), ({ groups }) => {
    const unit = units[groups?.['unit'] ?? ''];
    const number = readNumber((groups?.['minus'] ?? '') + (groups?.['number'] ?? ''), language);
    return unit === undefined || number === undefined
      ? undefined
      : sayCounted(number, unit, language);
  });
};
