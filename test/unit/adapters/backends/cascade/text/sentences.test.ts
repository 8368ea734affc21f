import { describe, expect, test } from 'vitest';
import { everyBoundary, split, texts } from './splitting.ts';

/** Each text is split where the bar stands, and nowhere else. */
const tables: Readonly<Record<string, readonly string[]>> = {
  en: [
    'Sure!| Dr. Smith and Mrs. Jones are here.| Shall we go?',
    'J. R. R. Tolkien lived in the U.S. for a week.| He did not like it.',
    'The house is in the U.S.| It is big.',
    'It costs $1,250.50 or 3.14 euros.| That is a lot.',
    'We open at 10:30 a.m. and close at 5 p.m.| Come early.',
    'The sky is... blue.| Well...| You know.',
    '“Really?” she asked.| “Yes.”| He left.',
    '(It is late.)| Go home now.',
    'See e.g. www.example.com or mail jo.doe@mail.example.org.| Thanks.',
    'Take room No. 5.| No.| That is wrong.',
    'You need these: 1. Milk 2. Eggs 3. Bread.| That is all.',
    'He is taller than I.| She is not.',
    'What?!| No way!| Fine.',
    'Buy milk, eggs, etc.| Then come home.',
    'The answer is 42.| Always.',
    'It was version 2.0.1 of node.js.| It worked.',
    'See [our page. It is good](https://x.example/a. b) now.| Thanks.',
  ],
  de: [
    'Am 3. Mai um 14.30 Uhr ist Dr. Meier da.| Passt das?',
    'Das kostet ca. 1.250,50 Euro inkl. MwSt.| Ist das gut?',
    'Wir haben z. B. Äpfel, d. h. Obst usw.| Möchten Sie?',
    'Gehen Sie zur Nr. 7 in der Hauptstr. 15 b im Ort.| Danke.',
    '„Wirklich?“ fragte sie.| „Ja.“| Er ging.',
    'Das war im Jahr 2026.| Seitdem nicht mehr.',
    'Es gilt § 5 Abs. 2 bzw. Art. 3 der Regel.| Gut.',
  ],
  fr: [
    'Bonjour !| Comment allez-vous ?| Très bien.',
    'M. Dupont et Mme. Durand sont là.| Entrez.',
    'Il a dit : « Venez. » Puis il est parti.| Voilà.',
    'Cela coûte 1 250,50 €, p. ex. en mai.| Merci.',
  ],
  es: ['¿Cómo está?| ¡Muy bien!| El Sr. Pérez vive en EE. UU.| Gracias.'],
  hi: ['नमस्ते।| आपका कमरा तैयार है।| क्या आप चाय लेंगे?| हाँ।', 'डॉ. शर्मा कल 10:30 बजे आएँगे।| ठीक है?'],
  zh: [
    '好的。|请问您什么时候到？|价格是3.5元！|谢谢',
    '他说：“明天来。”|然后他走了。',
    '嗯……我想想。|好吧！|走',
    '今天下雨!|你带伞了吗?|带了',
  ],
  ja: [
    'はい。|チェックインは15時からです。|よろしいですか？|はい！',
    '「明日です。」|彼は言った。',
    '料金は1,250円です。|ありがとうございます',
  ],
  ar: ['مرحبا!| كيف حالك؟| أنا بخير.'],
};

describe('a sentence ends where people end it', () => {
  for (const [language, table] of Object.entries(tables))
    test.each(table)(`${language}: %s`, (marked) => {
      const parts = marked.split('|');
      const clauses = split([parts.join('')], { ...everyBoundary, language });
      expect(texts(clauses)).toEqual(parts.map((part) => part.trim()));
    });
});

describe('as early as it can be known', () => {
  const early = (written: string, language = 'en'): number => {
    const clauses = split(Array.from(written), { ...everyBoundary, language });
    return clauses.filter((clause) => clause.ended !== 'end').length;
  };

  test('an ordinary word and its full stop need only the space after them', () => {
    expect(early('That is correct. ')).toBe(1);
    expect(early('Is that all right? ')).toBe(1);
    expect(early('मेरा नाम राम है। ', 'hi')).toBe(1);
  });

  test('what may be an abbreviation, a number or an ellipsis needs the next letter', () => {
    expect(early('I live in the U.S. ')).toBe(0);
    expect(early('I live in the U.S. W')).toBe(1);
    expect(early('The sky is... ')).toBe(0);
    expect(early('It is 42. ')).toBe(0);
    expect(early('好的。', 'zh')).toBe(0);
    expect(early('好的。请', 'zh')).toBe(1);
  });
});

describe('lengths', () => {
  test('the first clause may end at a comma once it is long enough', () => {
    const answer = ['Certainly, I can look that up for you, and then we will see. Good.'];
    expect(texts(split(answer))[0]).toBe('Certainly, I can look that up for you,');
    expect(texts(split(answer, { firstMinWeight: 8 }))[0]).toBe('Certainly,');
    expect(texts(split(['当然可以，我来查一下房间，请稍等。好']))[0]).toBe(
      '当然可以，我来查一下房间，',
    );
  });

  test('a comma in brackets, in a number or in a link ends nothing', () => {
    expect(texts(split(['The big (red, green) house costs 1,250,000 euros.'])).length).toBe(1);
    expect(
      texts(split(['Have a look at [this, that, other](https://x.example) now.'])).length,
    ).toBe(1);
  });

  test('short sentences after the first go together, and a short first one goes alone', () => {
    expect(texts(split(['Yes. No. Perhaps. We will see about that.']))).toEqual([
      'Yes.',
      'No. Perhaps. We will see about that.',
    ]);
  });

  test('a sentence without an end is cut between words, never above the greatest length', () => {
    const clauses = split(['on and on '.repeat(60)], { maxWeight: 100 });
    expect(clauses.length).toBeGreaterThan(4);
    for (const { text } of clauses) {
      expect(text.replaceAll(' ', '').length).toBeLessThanOrEqual(100);
      expect(text).toMatch(/^(?:on|and)\b.*\b(?:on|and)$/u);
    }
  });

  test('the first clause does not wait for a comma that never comes', () => {
    const [first] = split(['we go '.repeat(60)]);
    expect(first?.ended).toBe('length');
    expect(first?.text.replaceAll(' ', '').length).toBeLessThanOrEqual(84);
  });

  test('Chinese without marks is cut between words', () => {
    const clauses = split(['我们今天去北京旅游然后回上海'.repeat(20)], { language: 'zh' });
    expect(clauses.length).toBeGreaterThan(3);
    for (const { text } of clauses) expect(text.length * 3).toBeLessThanOrEqual(220);
    for (const { text } of clauses.slice(1)) expect(text).not.toMatch(/^(?:京|游|海|们|天)/u);
  });

  test('an endless word is cut as well, but no letter is torn from its marks', () => {
    const clauses = split(['👩‍👩‍👧‍👦'.repeat(80)], { maxWeight: 50 });
    expect(texts(clauses).join('')).toBe('👩‍👩‍👧‍👦'.repeat(80));
    for (const { text } of clauses) expect(text).toMatch(/^(?:👩‍👩‍👧‍👦)+$/u);
  });

  test('white space does not pile up', () => {
    const clauses = split([`a${' '.repeat(100_000)}b`]);
    expect(texts(clauses)).toEqual(['a', 'b']);
  });
});
