"""The voice: a closed set of phrase units, cut from whole sentences that flite speaks.

A unit is a stretch of speech in whole blocks of 10 ms. It is cut at word boundaries out of a
sentence in which it stands where it will stand later, so that the melody fits; one block more than
it lasts is kept, and neighbours are faded into each other over that block. `Voice` holds the table
of blocks and, for every unit, where its words lie.

Needs the `flite` program (Debian package flite, voice slt); nothing is random.
"""

import dataclasses
import re
import subprocess
import tempfile

import numpy as np
import soundfile

RATE_HZ = 16_000
BLOCK_SAMPLES = 160
VOICE = "slt"
STRETCH = 1.04
RMS_DBFS = -20.0
PAUSE_BLOCKS = 22
SLOW_GAP_BLOCKS = 28

SIZES = ["small", "medium", "large", "eight ounce", "twelve ounce", "sixteen ounce", "twenty ounce"]
ROASTS = ["light roast", "medium roast", "dark roast"]
SHOTS = ["single shot", "double shot", "triple shot"]
DRINKS = [
    "americano", "cappuccino", "espresso", "iced mocha", "latte", "mocha", "coffee", "drip coffee",
    "house coffee", "iced coffee",
]
AMOUNTS = ["", "some", "a lot of", "lots of", "a bit of", "a little bit of"]
MILKS = ["milk", "skim milk", "whole milk", "soy milk", "almond milk", "cream"]
SUGARS = ["sugar", "brown sugar", "sweetener"]

# What the agent says as it stands. The names are those of the policy.
SENTENCES = {
    "greeting": "Hello! What can I get for you?",
    "hello": "Hello. What would you like?",
    "what": "What would you like?",
    "which_drink": "Sure. Which drink would you like?",
    "placing_soon": "I will order that now.",
    "shall_i": "Shall I order that?",
    "placing": "Okay, one moment.",
    "placed": "Your order is placed. Thank you.",
    "failed": "Sorry, the order did not go through. Shall I try again?",
    "late": "It is taking a little longer.",
    "hold": "One moment, please.",
    "cancelled": "Okay, I have cancelled that. What would you like instead?",
    "nothing_to_cancel": "There is nothing to cancel. What would you like?",
    "already_placed": "Sorry, your order is already placed.",
    "change": "Okay. What should I change?",
    "unclear": "Sorry, I did not get that.",
    "again": "Could you say it again?",
    "menu": "We have espresso, americano, latte, cappuccino, mocha, iced mocha, "
            "and house, drip, or iced coffee.",
    "price": "Every drink is four dollars. Milk and sugar are free.",
    "slower": "Sure, I will speak more slowly.",
    "welcome": "You are welcome.",
    "anything": "Anything else?",
    "bye": "Goodbye. Have a nice day.",
    "then_no": "Okay. Have a nice day.",
}


def phrase(amount, kind):
    return f"{amount} {kind}".strip()


MILK_PHRASES = [phrase(a, k) for k in MILKS for a in AMOUNTS]
SUGAR_PHRASES = [phrase(a, k) for k in SUGARS for a in AMOUNTS]
MIDDLES = [f"{r} {s}".strip() for r in ["", *ROASTS] for s in ["", *SHOTS]][1:]


@dataclasses.dataclass(frozen=True)
class Cut:
    """A unit: words `first` … `last` (excluded) of a sentence."""

    key: str
    sentence: str
    first: int
    last: int


def words_of(text):
    return text.split()


def within(key, before, text, after):
    first = len(words_of(before))
    return Cut(key, f"{before} {text} {after}".strip(), first, first + len(words_of(text)))


def cuts():
    """All units, in the order of their ids from 1 on; 0 is nothing at all."""
    units = [Cut(f"say:{name}", text, 0, len(words_of(text))) for name, text in SENTENCES.items()]
    for size in ["", *SIZES]:
        units.append(within(f"head:{size}", "", f"One {size}".strip(), "dark roast latte with milk."))
    for middle in MIDDLES:
        units.append(within(f"middle:{middle}", "One large", middle, "latte with milk."))
    for drink in DRINKS:
        units.append(within(f"drink,:{drink}", "One large double shot", drink, "with some milk."))
        units.append(within(f"drink.:{drink}", "One large double shot", f"{drink}.", ""))
    for milk in MILK_PHRASES:
        units.append(within(f"milk,:{milk}", "One large latte", f"with {milk}", "and some sugar."))
        units.append(within(f"milk.:{milk}", "One large latte", f"with {milk}.", ""))
    for sugar in SUGAR_PHRASES:
        units.append(within(f"with:{sugar}", "One large latte", f"with {sugar}.", ""))
        units.append(within(f"and:{sugar}", "One latte with milk", f"and {sugar}.", ""))
    return units


# Words that flite would say wrongly.
LEXICON = "latte : l aa1 t ey0\n"


def run_flite(text, *more):
    with tempfile.NamedTemporaryFile("w", suffix=".lex") as lexicon:
        lexicon.write(LEXICON)
        lexicon.flush()
        command = ["flite", "-voice", VOICE, "-add_lex", lexicon.name, *more, "-t", text]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def flite(text):
    """Speech of a text and the ends of its phones: (samples, [(phone, end in s)])."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        stretch = f"duration_stretch={STRETCH}"
        out = run_flite(text, "--setf", stretch, "-psdur", "-o", file.name)
        samples, rate_hz = soundfile.read(file.name, dtype="float64")
    if rate_hz != RATE_HZ:
        raise ValueError(f"flite spoke at {rate_hz} Hz")
    phones = [piece.rsplit(":", 1) for piece in out.split()]
    return samples, [(phone, float(end)) for phone, end in phones]


_pronounced = {}


def phones_of(word):
    plain = re.sub(r"[^a-z']", "", word.lower())
    if plain not in _pronounced:
        out = run_flite(plain, "-ps", "-o", "none")
        _pronounced[plain] = [p for p in out.split() if p != "pau"]
    return _pronounced[plain]


def word_spans(words, phones):
    """Start and end of every word in s: the words' own phones aligned to those that were spoken."""
    wanted = [(i, p) for i, word in enumerate(words) for p in phones_of(word)]
    spoken = [(p, start, end) for (p, end), (_, start) in
              zip(phones, [("", 0.0), *phones]) if p != "pau"]
    n, m = len(wanted), len(spoken)
    cost = np.zeros((n + 1, m + 1))
    cost[:, 0] = np.arange(n + 1)
    cost[0, :] = np.arange(m + 1)
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            same = 0 if wanted[i - 1][1] == spoken[j - 1][0] else 0.9
            cost[i, j] = min(cost[i - 1, j - 1] + same, cost[i - 1, j] + 1, cost[i, j - 1] + 1)
    spans = [None] * len(words)
    i, j = n, m
    while i > 0 and j > 0:
        same = 0 if wanted[i - 1][1] == spoken[j - 1][0] else 0.9
        if cost[i, j] == cost[i - 1, j - 1] + same:
            word, (_, start, end) = wanted[i - 1][0], spoken[j - 1]
            known = spans[word]
            spans[word] = (start, end if known is None else known[1])
            i, j = i - 1, j - 1
        elif cost[i, j] == cost[i - 1, j] + 1:
            i -= 1
        else:
            j -= 1
    if any(span is None for span in spans):
        raise ValueError(f"not every word of {words} was spoken")
    return spans


def levelled(samples):
    """Speech at the wanted level, its low rumble taken away, soft limit at full scale."""
    spectrum = np.fft.rfft(samples)
    hz = np.fft.rfftfreq(len(samples), 1 / RATE_HZ)
    spectrum *= 1 / (1 + np.exp(-(hz - 70) / 8))
    clean = np.fft.irfft(spectrum, len(samples))
    windows = np.lib.stride_tricks.sliding_window_view(clean, 400)[::200]
    power = (windows**2).mean(axis=1)
    loud = power[power > power.max() * 0.01]
    scaled = clean * 10 ** (RMS_DBFS / 20) / np.sqrt(loud.mean())
    peak = np.abs(scaled).max()
    return scaled if peak < 0.95 else scaled * 0.95 / peak


class Voice:
    """Tables of the voice. Unit 0 has no length; blocks[0] is silence."""

    def __init__(self):
        blocks = [np.zeros((1, BLOCK_SAMPLES))]
        self.units = {"": 0}
        self.start, self.length = [0], [0]
        self.words = [[]]
        at = 1
        self._add_silence("pause", PAUSE_BLOCKS)
        self._add_silence("gap", SLOW_GAP_BLOCKS)
        self._add_silence("end", 1)
        spoken = {}
        for cut in cuts():
            if cut.sentence not in spoken:
                samples, phones = flite(cut.sentence)
                words = words_of(cut.sentence)
                spoken[cut.sentence] = levelled(samples), words, word_spans(words, phones)
            unit, times = self._unit(cut, *spoken[cut.sentence])
            self.units[cut.key] = len(self.start)
            self.start.append(at)
            self.length.append(len(unit) - 1)
            self.words.append(times)
            blocks.append(unit)
            at += len(unit)
        table = np.concatenate(blocks)
        self.blocks = np.clip(np.round(table * 32768), -32768, 32767).astype(np.int16)

    def _add_silence(self, key, blocks):
        # Every block of it is block 0: `start` says so by being 0.
        self.units[key] = len(self.start)
        self.start.append(0)
        self.length.append(blocks)
        self.words.append([])

    @staticmethod
    def _unit(cut, samples, words, spans):
        opens, closes = cut.first == 0, cut.last == len(words)
        begin_s = spans[0][0] - 0.03 if opens else spans[cut.first][0]
        end_s = spans[-1][1] + 0.12 if closes else spans[cut.last][0]
        per_block = BLOCK_SAMPLES / RATE_HZ
        first, last = round(begin_s / per_block), round(end_s / per_block)
        padded = np.concatenate([samples, np.zeros(RATE_HZ)])
        piece = padded[first * BLOCK_SAMPLES:(last + 1) * BLOCK_SAMPLES].copy()
        fade = 0.5 - 0.5 * np.cos(np.pi * (np.arange(BLOCK_SAMPLES) + 0.5) / BLOCK_SAMPLES)
        piece[:BLOCK_SAMPLES] *= fade
        piece[-BLOCK_SAMPLES:] *= fade[::-1]
        times = [
            (words[i], max(0, round(spans[i][0] / per_block) - first),
             round(spans[i][1] / per_block) - first)
            for i in range(cut.first, cut.last)
        ]
        return piece.reshape(-1, BLOCK_SAMPLES), times

    def say(self, keys):
        """Units one after the other, as the graph plays them; for listening to them."""
        ids = [self.units[key] for key in keys]
        total = sum(self.length[i] for i in ids)
        out = np.zeros(((total + 1) * BLOCK_SAMPLES))
        at = 0
        for i in ids:
            count = self.length[i] + (0 if self.start[i] == 0 else 1)
            rows = self.blocks[[self.start[i] + (0 if self.start[i] == 0 else b)
                                for b in range(count)]] if count else np.zeros((0, BLOCK_SAMPLES))
            piece = rows.reshape(-1) / 32768
            out[at * BLOCK_SAMPLES:at * BLOCK_SAMPLES + len(piece)] += piece
            at += self.length[i]
        return out
