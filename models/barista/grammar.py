"""What callers say: random sentences of the coffee bar, with the slots each word completes.

A sentence is drawn, never looked up: orders in many word orders, parts of orders, corrections, small
talk, and talk that has nothing to do with coffee (`unclear`). Everything comes from the generator
that is passed in, so one seed gives one corpus.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from grammar_talk import STRANGE, STRANGE_PRODUCTS, STRANGE_WORDS, TALK
from listener_names import INTENTS, SLOTS, WORDS

Rng = random.Random
KNOWN = set(WORDS)

PREFIXES = [
    "brew", "can i get", "can i have", "i want", "get me", "give me", "i'd like", "make me",
    "may i have",
]
MORE_PREFIXES = [
    "could i get", "could i have", "i'd like to order", "i'll have", "i'll take", "let me get",
    "please give me", "can i please have", "i want to order", "can you make me", "could you make me",
    "let's have", "just", "for me", "i'd like to have", "can you get me", "brew me", "make",
]
OPENERS = ["hi", "hello", "hey", "good morning", "yes", "yeah", "okay", "um", "uh", "so", "yes please",
           "hi there", "sure"]
MARKERS = [
    "no", "no make it", "make it", "make that", "actually", "actually make it", "no i said",
    "i said", "no sorry", "sorry", "sorry i meant", "i meant", "no i meant", "change it to",
    "change that to", "can you make it", "can you make that", "no i want", "not that", "no wait",
    "no actually", "wait make it", "sorry make it", "no no", "could you change that to",
]


@dataclass
class Sentence:
    """Words with what they mean. `slots` maps a word's place to the slot values complete with it;
    `complete[i]`: the caller may stop after word i."""

    intent: str
    words: list[str] = field(default_factory=list)
    commas: set[int] = field(default_factory=set)
    slots: dict[int, list[tuple[str, int]]] = field(default_factory=dict)
    complete: list[bool] = field(default_factory=list)
    question: bool = False

    def say(self, text: str, complete: bool = False) -> None:
        for word in text.split():
            self.words.append(word)
            self.complete.append(False)
        if text:
            self.complete[-1] = complete

    def comma(self) -> None:
        if self.words:
            self.commas.add(len(self.words) - 1)

    def slot(self, name: str, value: str) -> None:
        """Note a slot value as complete with the last word said."""
        here = self.slots.setdefault(len(self.words) - 1, [])
        here.append((name, 0 if value == "" else SLOTS[name].index(value) + 1))

    def known(self) -> bool:
        """Whether every word is one the listener has a class for."""
        return all(word in KNOWN for word in self.words)

    def text(self) -> str:
        """As a synthesiser wants it."""
        marked = [w + ("," if i in self.commas else "") for i, w in enumerate(self.words)]
        return " ".join(marked).rstrip(",") + ("?" if self.question else ".")

    def intent_class(self) -> int:
        return INTENTS.index(self.intent)


def say_milk(s: Sentence, rng: Rng, what: str, complete: bool) -> None:
    kinds = SLOTS[f"{what}Kind"][:-1]
    kind = rng.choice(kinds)
    amount = rng.choice(["", "", *SLOTS[f"{what}Amount"]])
    s.say(f"{amount} {kind}".strip(), complete)
    s.slot(f"{what}Kind", kind)
    s.slot(f"{what}Amount", amount)


def say_slot(s: Sentence, rng: Rng, name: str, complete: bool) -> None:
    if name in ("milk", "sugar"):
        say_milk(s, rng, name, complete)
        return
    value = rng.choice(SLOTS[name])
    s.say(value, complete)
    s.slot(name, value)


def some_slots(rng: Rng, names: list[str], share: float) -> list[str]:
    chosen = [name for name in names if rng.random() < share]
    rng.shuffle(chosen)
    return chosen


def order(rng: Rng) -> Sentence:
    """A whole order: prefix, some of the modifiers before the drink, the rest after it."""
    s = Sentence("order")
    if rng.random() < 0.08:
        s.say(rng.choice(OPENERS))
        if rng.random() < 0.6:
            s.comma()
    if rng.random() < 0.93:
        s.say(rng.choice(PREFIXES if rng.random() < 0.75 else MORE_PREFIXES))
    s.question = rng.random() < 0.3
    if rng.random() < 0.75:
        s.say(rng.choice(["a", "a", "a", "an", "the", "one", "some"]))
    share = rng.choice([0.35, 0.5, 0.65])
    modifiers = some_slots(rng, ["size", "roast", "numberOfShots"], share)
    extras = some_slots(rng, ["milk", "sugar"], share)
    early = len(modifiers) if rng.random() < 0.8 else rng.randrange(len(modifiers) + 1)
    if extras and rng.random() < 0.06:
        say_slot(s, rng, extras.pop(), False)
    for name in modifiers[:early]:
        say_slot(s, rng, name, False)
        if rng.random() < 0.05:
            s.comma()
        if name == "size" and rng.random() < 0.08:
            s.say("cup of" if rng.random() < 0.6 else "of")
        filler(s, rng)
    say_slot(s, rng, "coffeeDrink", True)
    after = modifiers[early:] + extras if rng.random() < 0.7 else extras + modifiers[early:]
    linked = False
    for name in after:
        is_extra = name in ("milk", "sugar")
        link = rng.choice(["with", "with", "and"] if not linked else ["and", "and", "with", "and with"])
        if rng.random() < (0.06 if is_extra else 0.4):
            link = ""
        if rng.random() < 0.2:
            s.comma()
        filler(s, rng)
        s.say(link)
        if link and not is_extra and rng.random() < 0.7:
            s.say("a")
        linked = linked or bool(link)
        say_slot(s, rng, name, True)
    if rng.random() < 0.12:
        s.say(rng.choice(["please", "please", "thanks", "thank you", "for me", "that's it",
                          "that's all"]), True)
    return s


def filler(s: Sentence, rng: Rng) -> None:
    if rng.random() < 0.02:
        s.say(rng.choice(["um", "uh"]))


def self_corrected(rng: Rng) -> Sentence:
    """An order that takes something back: "a small, no, a large latte"."""
    s = Sentence("order")
    s.say(rng.choice(PREFIXES + MORE_PREFIXES))
    s.say("a")
    name = rng.choice(["size", "roast", "numberOfShots", "coffeeDrink"])
    say_slot(s, rng, name, False)
    s.comma()
    s.say(rng.choice(["no", "sorry", "no sorry", "i mean", "no wait", "actually"]))
    if rng.random() < 0.5:
        s.say("a")
    if name == "coffeeDrink":
        say_slot(s, rng, name, True)
    else:
        say_slot(s, rng, name, False)
        say_slot(s, rng, "coffeeDrink", True)
    return s


def part(rng: Rng) -> Sentence:
    """An answer to a question about a slot: "large", "with some soy milk, please"."""
    s = Sentence("order")
    if rng.random() < 0.2:
        s.say(rng.choice(["yes", "um", "yeah", "uh", "and"]))
    names = ["size", "roast", "numberOfShots", "milk", "sugar", "size"]
    name = rng.choice(names)
    if name in ("milk", "sugar"):
        s.say(rng.choice(["with", "with", "and", "", "i'd like", "i want"]))
    elif rng.random() < 0.4:
        s.say(rng.choice(["a", "make it", "i'd like a", "just a", "i want a", "the"]))
    say_slot(s, rng, name, True)
    if rng.random() < 0.15:
        other = rng.choice([n for n in ("roast", "milk", "sugar") if n != name])
        s.say(rng.choice(["and", "with", "and with"]))
        say_slot(s, rng, other, True)
    if rng.random() < 0.25:
        s.say("please", True)
    s.complete = [False] * (len(s.complete) - 1) + [True]
    return s


def correction(rng: Rng) -> Sentence:
    """Something to be changed, with a word that says so."""
    s = Sentence("correction")
    roll = rng.random()
    what = rng.choice(["milk", "sugar"])
    if roll < 0.15:
        kind = rng.choice(SLOTS[f"{what}Kind"][:-1])
        s.say(rng.choice(["without", "without the", "without any", "no", "actually no",
                          "actually without", "but without", "no without", "make it without"]))
        s.say(kind)
        s.slot(f"{what}Kind", "without")
    elif roll < 0.35:
        s.say(rng.choice(["with", "no with", "actually with", "make it with", "sorry with"]))
        say_slot(s, rng, what, False)
        s.say("instead")
    else:
        s.say(rng.choice(MARKERS))
        if rng.random() < 0.25:
            s.comma()
        name = rng.choice(["size", "size", "roast", "numberOfShots", "coffeeDrink", "coffeeDrink",
                           "milk", "sugar"])
        if rng.random() < 0.5:
            s.say("with" if name in ("milk", "sugar") else "a")
        if name == "coffeeDrink" and rng.random() < 0.2:
            say_slot(s, rng, "size", False)
        say_slot(s, rng, name, False)
        if rng.random() < 0.15:
            s.say("instead")
    if rng.random() < 0.12:
        s.say("please")
    s.complete[-1] = True
    return s


def talk(rng: Rng) -> Sentence:
    """Small talk. A template may hold {size} or {drink}."""
    intent = rng.choice(list(TALK))
    s = Sentence(intent)
    for token in rng.choice(TALK[intent]).split():
        if token == "{drink}":
            say_slot(s, rng, "coffeeDrink", False)
        elif token == "{size}":
            say_slot(s, rng, "size", False)
        elif token == ",":
            s.comma()
        else:
            s.say(token)
    s.question = intent in ("menu", "price")
    s.complete[-1] = True
    return s


def strange(rng: Rng) -> Sentence:
    """Speech that is nothing we sell or do."""
    s = Sentence("unclear")
    roll = rng.random()
    if roll < 0.45:
        s.say(rng.choice(STRANGE))
    elif roll < 0.75:
        s.say(" ".join(rng.sample(STRANGE_WORDS, rng.randint(2, 7))))
    else:
        s.say(rng.choice(PREFIXES + MORE_PREFIXES) + " " + rng.choice(["a", "some", "a large", "a"]))
        s.say(rng.choice(STRANGE_PRODUCTS))
    s.complete[-1] = True
    return s


def random_sentence(rng: Rng) -> Sentence:
    kinds = [(order, 60), (self_corrected, 3), (part, 9), (correction, 11), (talk, 20), (strange, 9)]
    return rng.choices([k for k, _ in kinds], [w for _, w in kinds])[0](rng)
