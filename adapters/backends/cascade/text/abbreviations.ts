/** How an abbreviation with a full stop stands in a sentence. */
type Standing =
  /** Something always follows: "Dr.", "e.g.". */
  | 'leads'
  /** It may be the last word: "etc.", "p.m.". */
  | 'may-end'
  /** It is one only in front of a number: "No. 5", and "No. Wait." is not. */
  | 'before-number';

type Words = Readonly<Record<Standing, string>>;

/** Lower case, without the last full stop. */
const words: Readonly<Record<string, Words>> = {
  en: {
    leads:
      'dr mr mrs ms mx prof rev hon gen col lt sgt capt gov sen rep st mt ft messrs vs viz e.g i.e cf approx est dept al',
    'may-end':
      'etc inc ltd co corp bros jr sr a.m p.m u.s u.k u.n e.u d.c b.c a.d ph.d m.d esq ave blvd rd',
    'before-number':
      'no nos nr fig figs vol ch sec pp p art eq jan feb mar apr jun jul aug sep sept oct nov dec ca c',
  },
  de: {
    leads:
      'dr prof hr hrn fr frl dipl ing med phil jur bzw ca evtl ggf inkl exkl zzgl bspw sog vgl st geb verh mind max allg lt z.b d.h u.a i.d.r o.ä s.o s.u v.a z.t u.u zb dh mag',
    'may-end': 'usw etc str co tel mio mrd std min sek jh n.chr v.chr gmbh uhr jr sen mwst',
    'before-number':
      'nr nrn abs art bd kap s abb § tel hausnr jan feb apr jun jul aug sep sept okt nov dez',
  },
  fr: {
    leads: 'mm mme mlle me dr pr st ste cf env p.ex c.-à-d chap éd réf ex',
    'may-end': 'etc av bd boul tél s.a',
    'before-number': 'n no art vol fig p pp chap',
  },
  es: {
    leads: 'sr sra srta dr dra d dña prof ing lic ud uds vd vds p.ej aprox dpto pág ee sto sta',
    'may-end': 'etc s.a uu avda c tel a.m p.m',
    'before-number': 'núm n art vol fig pág págs cap',
  },
  hi: { leads: 'डॉ श्री प्रो कु मो रु', 'may-end': 'आदि', 'before-number': 'नं सं' },
};

const tables = new Map<string, ReadonlyMap<string, Standing>>();

const tableOf = (language: string): ReadonlyMap<string, Standing> => {
  const primary = language.toLowerCase().split(/[-_]/u)[0] ?? '';
  const known = tables.get(primary);
  if (known !== undefined) return known;
  const table = new Map<string, Standing>();
  // English ones are met in answers of every language; the language's own come last and win.
  for (const group of primary in words ? ['en', primary] : ['en'])
    for (const [standing, list] of Object.entries(words[group] ?? {}))
      for (const word of list.split(' ')) table.set(word, standing as Standing);
  // One table a language that has words of its own, and one for all others.
  if (primary in words) tables.set(primary, table);
  return table;
};

/**
 * What is known of a word that stands before a full stop.
 *
 * @param word without the full stop: `Dr`, `e.g`, `U.S`
 */
export const abbreviation = (word: string, language: string): Standing | undefined =>
  tableOf(language).get(word.toLowerCase()) ??
  // "Hauptstr.": the second half of a word.
  (/^de\b/iu.test(language) && /\p{Ll}str$/u.test(word) ? 'may-end' : undefined);
