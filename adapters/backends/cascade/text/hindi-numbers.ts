import type { NumberWords } from './number-words.ts';

/** Every number below a hundred has a word of its own. */
const small = (
  'शून्य एक दो तीन चार पाँच छह सात आठ नौ ' +
  'दस ग्यारह बारह तेरह चौदह पंद्रह सोलह सत्रह अठारह उन्नीस ' +
  'बीस इक्कीस बाईस तेईस चौबीस पच्चीस छब्बीस सत्ताईस अट्ठाईस उनतीस ' +
  'तीस इकतीस बत्तीस तैंतीस चौंतीस पैंतीस छत्तीस सैंतीस अड़तीस उनतालीस ' +
  'चालीस इकतालीस बयालीस तैंतालीस चौवालीस पैंतालीस छियालीस सैंतालीस अड़तालीस उनचास ' +
  'पचास इक्यावन बावन तिरपन चौवन पचपन छप्पन सत्तावन अट्ठावन उनसठ ' +
  'साठ इकसठ बासठ तिरसठ चौंसठ पैंसठ छियासठ सड़सठ अड़सठ उनहत्तर ' +
  'सत्तर इकहत्तर बहत्तर तिहत्तर चौहत्तर पचहत्तर छिहत्तर सतहत्तर अठहत्तर उनासी ' +
  'अस्सी इक्यासी बयासी तिरासी चौरासी पचासी छियासी सत्तासी अट्ठासी नवासी ' +
  'नब्बे इक्यानवे बानवे तिरानवे चौरानवे पचानवे छियानवे सत्तानवे अट्ठानवे निन्यानवे'
).split(' ');

/** From a thousand on the scale goes by hundreds: how many digits stand to the right, and its name. */
const scales = [
  [13, 'नील'],
  [11, 'खरब'],
  [9, 'अरब'],
  [7, 'करोड़'],
  [5, 'लाख'],
  [3, 'हज़ार'],
  [2, 'सौ'],
] as const;

export const hindiNumbers: NumberWords = {
  cardinal: (digits) => {
    const words: string[] = [];
    let rest = digits.replace(/^0+(?=\d)/u, '');
    for (const [right, name] of scales) {
      const high = Number(rest.slice(0, Math.max(0, rest.length - right)));
      if (high > 0) words.push(small[high]!, name);
      rest = rest.slice(-right);
    }
    const low = Number(rest);
    if (low > 0 || words.length === 0) words.push(small[low]!);
    return words.join(' ');
  },
};
