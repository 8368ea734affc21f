import { describe, expect, test } from 'vitest';
import { speak } from './speaking.ts';

type Table = readonly (readonly [written: string, spoken: string])[];

const tables: Readonly<Record<string, Table>> = {
  'en: numbers': [
    ['0 and 1 and 21', 'zero and one and twenty-one'],
    ['1,234,567', 'one million two hundred thirty-four thousand five hundred sixty-seven'],
    ['3.14 or -5.05', 'three point one four or minus five point zero five'],
    ['007', 'zero zero seven'],
    ['the 3rd, the 21st, the 112th', 'the third, the twenty-first, the one hundred twelfth'],
    ['100% or 2.5 %', 'one hundred percent or two point five percent'],
    ['3-5 days, 3–5 km', 'three to five days, three to five kilometers'],
    ['1/2 cup, 2 1/2 cups, ¾', 'one half cup, two and a half cups, three quarters'],
    ['2/3 and 5/6', 'two thirds and five sixths'],
    ['Henry VIII, World War II', 'Henry the eighth, World War two'],
    ['I and a mix of X and CD', 'I and a mix of X and CD'],
    ['version 2.0.1', 'version two dot zero dot one'],
    ['COVID-19', 'COVID nineteen'],
  ],
  'en: money and measures': [
    ['$1,250.50', 'one thousand two hundred fifty dollars and fifty cents'],
    ['$1 or $1.01', 'one dollar or one dollar and one cent'],
    ['£3.99 and €20', 'three pounds and ninety-nine pence and twenty euros'],
    ['$2.5 million', 'two point five million dollars'],
    ['$0.99', 'ninety-nine cents'],
    ['-$5', 'minus five dollars'],
    ['20 EUR', 'twenty euros'],
    ['5 km, 1 km, 3.5 kg', 'five kilometers, one kilometer, three point five kilograms'],
    ['-5 °C', 'minus five degrees Celsius'],
    ['5 m/s at 10km/h', 'five meters per second at ten kilometers per hour'],
  ],
  'en: dates and times': [
    ['2026-11-05', 'November fifth, twenty twenty-six'],
    ['3/5/2026', 'March fifth, twenty twenty-six'],
    ['25/3/2026', 'March twenty-fifth, twenty twenty-six'],
    ['May 3, 2026', 'May third, twenty twenty-six'],
    ['on 3 May', 'on May third'],
    ['Sept. 1st', 'September first'],
    [
      'in 1999, 2000, 2005, 1900',
      'in nineteen ninety-nine, two thousand, two thousand five, nineteen hundred',
    ],
    ['2020–2026', 'twenty twenty to twenty twenty-six'],
    ['10:30 and 10:05 and 10:00', "ten thirty and ten oh five and ten o'clock"],
    ['3pm, 3:15 p.m. sharp', 'three P M, three fifteen P M sharp'],
    ['at 10 a.m. We go', 'at ten A M. We go'],
    ['9:00-17:00', "nine o'clock to seventeen hundred"],
    ['at 10:75 or 25 pm', 'at 10:75 or twenty-five pm'],
  ],
  'en: numbers that are read one by one': [
    ['+1 555-123-4567', 'plus one, five five five, one two three, four five six seven'],
    ['(020) 7946 0958', 'zero two zero, seven nine four six, zero nine five eight'],
    ['order 12345678', 'order one two three, four five six, seven eight'],
    ['AB12CD', 'A B one two C D'],
    ['XK-42-ZZ', 'X K, four two, Z Z'],
    ['J-O-H-N', 'J O H N'],
    ['room A4, gate B12', 'room A four, gate B twelve'],
  ],
  'en: addresses': [
    ['jo.doe_99@mail.example.com', 'jo dot doe underscore nine nine at mail dot example dot com'],
    ['https://www.example.com/help', 'example dot com slash help'],
    ['See example.co.uk.', 'See example dot C O dot U K.'],
    ['https://example.com/a?b=c', 'example dot com'],
  ],
  'en: words': [
    ['Dr. Smith vs. Mr. Jones', 'Doctor Smith versus Mister Jones'],
    ['e.g. No. 5, etc.', 'for example number five, et cetera.'],
    ['R&D: 2 + 2 = 4', 'R and D: two plus two equals four'],
    ['No. Wait.', 'No. Wait.'],
    ['24/7', 'twenty-four seven'],
  ],
  'en-GB': [
    ['3/5/2026', 'the third of May twenty twenty-six'],
    ['on the 3 May 2026', 'on the third of May twenty twenty-six'],
    ['101', 'one hundred and one'],
  ],
  'de: Zahlen': [
    ['0, 1, 21, 1.234', 'null, eins, einundzwanzig, eintausendzweihundertvierunddreißig'],
    ['3,14 oder -5', 'drei Komma eins vier oder minus fünf'],
    ['am 3. Tag, der 3. Tag', 'am dritten Tag, der dritte Tag'],
    ['im 21. Stock', 'im einundzwanzigsten Stock'],
    ['Es sind 5. Das reicht.', 'Es sind fünf. Das reicht.'],
    ['5 % bis 10%', 'fünf Prozent bis zehn Prozent'],
    ['1/2, 3/4, 2 1/2, 1/3', 'ein halb, drei Viertel, zweieinhalb, ein Drittel'],
    ['3-5 Tage', 'drei bis fünf Tage'],
    ['Heinrich VIII. war König', 'Heinrich der Achte war König'],
    ['Kapitel IV', 'Kapitel vier'],
  ],
  'de: Geld und Maße': [
    ['1.250,50 €', 'eintausendzweihundertfünfzig Euro fünfzig'],
    ['1 Euro, 20 Euro', 'ein Euro, zwanzig Euro'],
    ['2,5 Mio. Euro', 'zwei Komma fünf Millionen Euro'],
    ['1 Std. und 5 Min. Fahrt', 'eine Stunde und fünf Minuten Fahrt'],
    ['1 km, 21 km', 'ein Kilometer, einundzwanzig Kilometer'],
    ['-5 °C', 'minus fünf Grad Celsius'],
  ],
  'de: Datum und Uhrzeit': [
    ['am 3. Mai 2026', 'am dritten Mai zweitausendsechsundzwanzig'],
    ['3. Mai', 'dritter Mai'],
    [
      'vom 3.5.2026 bis zum 05.06.2026',
      'vom dritten Mai zweitausendsechsundzwanzig bis zum fünften Juni zweitausendsechsundzwanzig',
    ],
    ['am 2026-11-05', 'am fünften November zweitausendsechsundzwanzig'],
    ['am 3.5. ab', 'am dritten Mai ab'],
    ['1999', 'neunzehnhundertneunundneunzig'],
    [
      '14:30 Uhr, 14.30 Uhr, 8 Uhr, 1:05 Uhr',
      'vierzehn Uhr dreißig, vierzehn Uhr dreißig, acht Uhr, ein Uhr fünf',
    ],
    ['9:00–17:00 Uhr', 'neun Uhr bis siebzehn Uhr'],
  ],
  'de: Wörter und Adressen': [
    ['z. B. ca. 5, d. h. usw.', 'zum Beispiel circa fünf, das heißt und so weiter.'],
    ['Dr. Meier, Hauptstr. 5, Nr. 7', 'Doktor Meier, Hauptstraße fünf, Nummer sieben'],
    ['max@example.de', 'max at example Punkt D E'],
    ['Tel. 030 1234567', 'Telefon null drei null, eins zwei drei, vier fünf sechs sieben'],
  ],
  fr: [
    [
      '75 jours, 80 %, 1 250,50 €',
      'soixante-quinze jours, quatre-vingts pour cent, mille deux cent cinquante euros cinquante',
    ],
    ['3,5 millions', 'trois virgule cinq millions'],
    ['1 chambre, 21 pages', '1 chambre, 21 pages'],
    ['le 3/5/2026 à 14:30. Bonjour !', 'le 3/5/2026 à 14:30. Bonjour !'],
  ],
  es: [['20,50 € y 75 %', 'veinte euros con cincuenta céntimos y setenta y cinco por ciento']],
  hi: [
    ['₹1,25,000', 'एक लाख पच्चीस हज़ार रुपये'],
    ['२५ लोग, 3.5%', 'पच्चीस लोग, तीन दशमलव पाँच प्रतिशत'],
  ],
  zh: [['价格是3.5元，2026年5月3日', '价格是3.5元，2026年5月3日']],
  ja: [['3人で1,250円です', '3人で1,250円です']],
  xx: [['5 $ 10:30', '5 $ 10:30']],
};

for (const [name, table] of Object.entries(tables))
  describe(`said as people say it, ${name}`, () => {
    test.each(table)('%s → %s', (written, spoken) => {
      expect(speak(written, { language: name.split(':')[0] ?? 'en' }).text).toBe(spoken);
    });
  });

test('numbers beyond words are read digit by digit', () => {
  const said = speak('12,345,678,901,234,567,890').text;
  expect(said.split(/[ ,]+/u)).toHaveLength(20);
});

test.each(['1', '1 ', '(1)', '1-', '1.', '1,', 'A-', 'a.', 'a@', '[', '*_', '|-'])(
  'no text is slow to read: many of "%s" before a letter',
  (part) => {
    const written = `${part.repeat(110)}x`;
    expect(speak(written).spans.at(-1)?.spokenEnd).toBe(speak(written).text.length);
  },
);
