/** Latest caller words that are compared, and the most of the agent's, counts. */
const callerLimit = 24;
const agentLimit = 60;
/** Fewer words than this can be said by anyone: never an echo by themselves. */
const leastWords = 3;
/** Matched words that are not common ones, at least. */
const leastTelling = 2;
/** Share of the caller's words that an echo may get wrong, for 10–20 % of word errors. */
const mostWrong = 0.34;
/** Words in a row that are not the agent's: they are the caller's own. */
const foreignWords = 4;
/** Two words as similar as this are one word misheard. */
const similarEnough = 0.6;
/** Cost of a misheard word; a wrong, missing or extra one costs 1. */
const misheardCost = 0.4;

/** Words that turn up in any two sentences, and answers: they prove nothing. */
const commonWords = new Set(
  (
    'yes yeah yep no nope okay ok right sure fine good thanks thank please hello hi mhm uh um so ' +
    'well and but the that this with for you your are was have can what when how not they there ' +
    'will would from let just'
  ).split(' '),
);
/** Whoever says one of these where the agent does not is a caller who wants the floor. */
const floorWords = new Set(['stop', 'wait', 'no', 'sorry', 'hold', 'actually', 'but', 'hang']);

/** Short answers, as they are heard. */
const answers = new Set(
  (
    'yes yeah yep yup nope sure okay ok right correct exactly ja nein genau oui non si sim nao claro ' +
    'हाँ हां नहीं जी'
  ).split(' '),
);

const wordPattern =
  /\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|[\p{L}\p{N}](?:['’]?[\p{L}\p{N}])*/gu;

/**
 * Whether a transcript of the uplink is the agent's own voice: its words, in order, are a stretch
 * of what the agent has been saying, up to 10–20 % of errors. Never for one or two words or for
 * common words alone: callers answer with the agent's own words. When the caller goes on in words
 * of their own, it is the caller.
 *
 * @param heard transcript of the uplink so far (a partial)
 * @param said what the agent has said of late: about 6 s, and the transcriber's lag before that
 */
export function isAgentsOwnText(heard: string, said: string): boolean {
  const caller = words(heard).slice(-callerLimit);
  const agent = words(said).slice(-agentLimit);
  if (caller.length < leastWords || agent.length < leastWords) return false;
  const { cost, matched } = bestStretch(caller, agent);
  if (cost > mostWrong * caller.length) return false;
  // The last two words are the caller's own: an echo that was interrupted, not an echo.
  if (!matched.at(-1)! && !matched.at(-2)!) return false;
  if (caller.some((word, index) => !matched[index]! && floorWords.has(word))) return false;
  const telling = caller.filter((word, index) => matched[index]! && isTelling(word));
  return telling.length >= leastTelling;
}

/**
 * Whether a transcript ends in words that the agent has surely not said: four in a row, or, where it
 * is no longer than two, one that takes the floor or answers and is not the agent's. Two wrong words
 * in a row are common in a transcript of an echo, three happen.
 */
export function isForeignText(heard: string, said: string): boolean {
  const caller = words(heard).slice(-foreignWords);
  const agent = words(said).slice(-agentLimit);
  const foreign = caller.filter((word) => agent.every((other) => wordCost(word, other) === 1));
  if (foreign.length < caller.length || caller.length === 0) return false;
  return (
    caller.length >= foreignWords ||
    (caller.length <= 2 && caller.some((word) => floorWords.has(word) || answers.has(word)))
  );
}

function words(text: string): string[] {
  const plain = text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  return [...plain.matchAll(wordPattern)].map(([word]) => word.replaceAll(/['’]/g, ''));
}

function isTelling(word: string): boolean {
  return /[^ -~]/.test(word) || (word.length > 3 && !commonWords.has(word));
}

interface Stretch {
  /** Of turning the stretch into what was heard. */
  readonly cost: number;
  /** For each word heard, whether the stretch has it. */
  readonly matched: readonly boolean[];
}

/** Aligns all of `caller` with the stretch of `agent` that fits best (edit distance in words). */
function bestStretch(caller: readonly string[], agent: readonly string[]): Stretch {
  const width = agent.length + 1;
  const costs = new Float64Array((caller.length + 1) * width);
  for (let i = 1; i <= caller.length; i += 1) {
    costs[i * width] = i;
    for (let j = 1; j < width; j += 1) {
      const substituted = costs[(i - 1) * width + j - 1]! + wordCost(caller[i - 1]!, agent[j - 1]!);
      const extra = costs[(i - 1) * width + j]! + 1;
      const missing = costs[i * width + j - 1]! + 1;
      costs[i * width + j] = Math.min(substituted, extra, missing);
    }
  }
  const last = caller.length * width;
  let end = 0;
  for (let j = 1; j < width; j += 1) if (costs[last + j]! < costs[last + end]!) end = j;
  const matched = new Array<boolean>(caller.length).fill(false);
  for (let i = caller.length, j = end; i > 0 && j > 0;) {
    const cost = costs[i * width + j]!;
    const step = wordCost(caller[i - 1]!, agent[j - 1]!);
    if (cost === costs[(i - 1) * width + j - 1]! + step) {
      matched[i - 1] = step < 1;
      i -= 1;
      j -= 1;
    } else if (cost === costs[(i - 1) * width + j]! + 1) i -= 1;
    else j -= 1;
  }
  return { cost: costs[last + end]!, matched };
}

function wordCost(heard: string, said: string): number {
  if (heard === said) return 0;
  // A partial ends in the middle of a word.
  if (heard.length >= 3 && said.startsWith(heard)) return 0;
  const longest = Math.max(heard.length, said.length);
  const shortest = Math.min(heard.length, said.length);
  if (shortest < similarEnough * longest) return 1;
  return 1 - letterDistance(heard, said) / longest >= similarEnough ? misheardCost : 1;
}

function letterDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const swap = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
