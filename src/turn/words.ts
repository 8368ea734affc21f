/**
 * Words that decide: what listeners say to show that they listen, what stops a speaker, and what a
 * sentence does not end with. English, German, French, Spanish, Italian, Portuguese, Dutch, Hindi.
 */
const backchannels = wordSet(`
  mhm mm hm hmm mmm uh-huh uhuh uh huh aha ah oh ooh yeah yep yup yes ok okay right sure alright fine good
  nice great cool wow really exactly true totally absolutely indeed gotcha i see got it uh um er
  ja jaja genau gut klar stimmt richtig aha ach so okay na
  oui ouais d'accord voilà bien exact
  sí si vale claro bueno ya
  sì certo esatto bene va
  sim certo pois tá
  jawel precies juist
  हाँ हां जी अच्छा ठीक सही है
`);

const stopWords = wordSet(`
  stop wait hold hang no nope actually sorry excuse pardon enough cancel quiet pause listen
  stopp halt warte warten moment nein falsch entschuldigung ruhe
  arrête arrêtez attends attendez non pardon stop
  para pare espera espere no perdón alto
  ferma aspetta no scusa basta
  espere não pare desculpe
  wacht nee stop sorry
  रुको रुकिए नहीं सुनो सुनिए
`);

const openEnds = wordSet(`
  and or but so because if when while that which who the a an my your his her our their this these
  to of for from with in on at by about into is are was were am be been can could would should will
  i'd i'm i'll like um uh er well
  und oder aber weil wenn dass der die das ein eine einen mein dein mit von für zu in auf bei äh ähm
  et ou mais parce que si le la les un une des mon ma mes de du à dans sur avec pour euh
  y o pero porque que si el la los las un una mi tu de del a en con para por eh
  e ma perché che se il lo un una di da in con per
  और या लेकिन क्योंकि कि अगर
`);

/** Words that mean nothing alone, beyond those that nothing ends with. */
const emptyWords = wordSet(`
  it that this there then now all one them him he she we you they so well do does did has had not
  es das dies da dann nun alle eins ihn er sie wir ihr nicht
  ça cela ceci alors il elle nous vous ils ne pas
  eso esto allí entonces ella nosotros ellos
`);

function wordSet(list: string): ReadonlySet<string> {
  return new Set(list.trim().split(/\s+/u));
}

/** The words of a text in small letters without punctuation. */
function wordsOf(text: string): readonly string[] {
  const plain = text.toLocaleLowerCase('en').normalize('NFC');
  return plain.match(/[\p{L}\p{M}\p{N}]+(?:['’-][\p{L}\p{M}\p{N}]+)*/gu) ?? [];
}

/** The same words in the same order say the same. */
export function normalised(text: string): string {
  return wordsOf(text).join(' ');
}

/** What a text over the agent amounts to. */
export interface Weight {
  readonly stop: boolean;
  /** Words that are no backchannels (a count). */
  readonly words: number;
  /** Of these, words that mean something by themselves: what a recogniser makes of a sigh is short. */
  readonly content: number;
}

/** Weighs a text over the agent. */
export function weigh(text: string): Weight {
  const words = wordsOf(text).filter((word) => !backchannels.has(word));
  return {
    stop: words.some((word) => stopWords.has(word)),
    words: words.length,
    content: words.filter((word) => !openEnds.has(word) && !emptyWords.has(word)).length,
  };
}

/**
 * Whether a transcript looks finished: `open` when it trails off in a word that nothing ends with,
 * `closed` when it has an end's punctuation, `unknown` otherwise. An empty one says nothing.
 */
export function completeness(text: string): 'open' | 'closed' | 'unknown' {
  const trimmed = text.trimEnd();
  if (/(?:\.\.\.|…|,|-|—)$/u.test(trimmed)) return 'open';
  if (/[.!?。！？।؟]$/u.test(trimmed)) return 'closed';
  const last = wordsOf(trimmed).at(-1);
  return last !== undefined && openEnds.has(last) ? 'open' : 'unknown';
}
