"""Names the listener's outputs stand for: words, slots with their values, intents, turn states.

The order of every list is the order of the classes in the model; add at the end only, and retrain.
"""

from __future__ import annotations

SLOTS: dict[str, list[str]] = {
    "size": [
        "small",
        "medium",
        "large",
        "eight ounce",
        "twelve ounce",
        "sixteen ounce",
        "twenty ounce",
    ],
    "roast": ["light roast", "medium roast", "dark roast"],
    "numberOfShots": ["single shot", "double shot", "triple shot"],
    "coffeeDrink": [
        "americano",
        "cappuccino",
        "espresso",
        "iced mocha",
        "latte",
        "mocha",
        "coffee",
        "drip coffee",
        "house coffee",
        "iced coffee",
    ],
    # "without" is no value of an order: a correction takes the milk or sugar away again.
    "milkKind": [
        "milk",
        "skim milk",
        "whole milk",
        "soy milk",
        "almond milk",
        "cream",
        "without",
    ],
    "milkAmount": ["some", "a lot of", "lots of", "a bit of", "a little bit of"],
    "sugarKind": ["sugar", "brown sugar", "sweetener", "without"],
    "sugarAmount": ["some", "a lot of", "lots of", "a bit of", "a little bit of"],
}
"""Class 0 of every slot is "not said"; value i of the list is class i + 1."""

SLOT_CLASSES: dict[str, int] = {name: len(values) + 1 for name, values in SLOTS.items()}

INTENTS: list[str] = [
    "order",  # an order or a part of one: "a large latte", "with soy milk"
    "correction",  # "no, make it large", "actually a mocha", "without sugar"
    "greeting",
    "thanks",
    "menu",  # "what do you have"
    "price",  # "how much is that", "how much is a latte" (slots say of what)
    "yes",
    "no",  # also "that's all", "nothing else"
    "cancel",
    "repeat",
    "slower",
    "goodbye",
    "backchannel",  # "mhm", "uh-huh"; while the agent speaks, "yes" means no more than that
    "stop",  # "stop", "wait", "hold on"
    "unclear",  # speech that is none of these, or too noisy to tell
]

ACTS: list[str] = [
    "idle",  # nothing said in this turn yet: silence, noise, a cough
    "speaking",  # the caller's turn goes on, pauses in the middle of a sentence included
    "finished",  # the caller has said something complete and is quiet
]

WORDS: list[str] = (
    # Of the orders.
    "small medium large eight twelve sixteen twenty ounce light dark roast single double triple "
    "shot americano cappuccino espresso iced mocha latte coffee drip house some a lot of lots bit "
    "little milk skim whole soy almond cream sugar brown sweetener brew can i get have want me "
    "give i'd like make may an and with please "
    # Around them.
    "could to order i'll let's let take cup for just the um uh the hi hello hey there good morning "
    "afternoon no actually it instead without change that sorry meant said not any thanks thank "
    "you very much what do coffees drinks menu your is how does cost price yes yeah yep sure "
    "okay right correct that's fine all nothing else nope cancel forget never mind don't "
    "anything repeat again say pardon come slower slowly more speak too fast bye goodbye see later "
    "have day mhm hmm stop wait hold on moment one second hang up be will so today "
    "uh-huh mm ah oh my it's i'm what's are was did tell time drink down slow great perfect mean but "
    "everything"
).split()
# A word may stand in the text above twice; it is one class.
WORDS = list(dict.fromkeys(WORDS))
"""Class 0 of the word output is the CTC blank; word i of the list is class i + 1."""

WORD_CLASSES = len(WORDS) + 1

SLOT_WORDS: list[str] = sorted(
    {word for values in SLOTS.values() for value in values for word in value.split()}
    - {"a", "of", "without"})
"""The words that tell slots; the others say nothing about an order."""


def order_slots(classes: dict[str, int]) -> dict[str, str]:
    """Slots as an order names them, out of one class for each head. Milk and sugar are put together
    again; "without" and an amount of nothing are left out."""
    order: dict[str, str] = {}
    for name in ("size", "roast", "numberOfShots", "coffeeDrink"):
        if classes[name] > 0:
            order[name] = SLOTS[name][classes[name] - 1]
    for what in ("milk", "sugar"):
        kind, amount = classes[f"{what}Kind"], classes[f"{what}Amount"]
        if kind == 0 or SLOTS[f"{what}Kind"][kind - 1] == "without":
            continue
        words = SLOTS[f"{what}Kind"][kind - 1]
        if amount > 0:
            words = f"{SLOTS[f'{what}Amount'][amount - 1]} {words}"
        order[f"{what}Amount"] = words
    return order


def slot_classes(order: dict[str, str]) -> dict[str, int]:
    """The other way round; a ValueError names a value that no class stands for."""
    classes = {name: 0 for name in SLOTS}
    for name, value in order.items():
        if name in ("milkAmount", "sugarAmount"):
            what = name[: -len("Amount")]
            kinds, amounts = SLOTS[f"{what}Kind"], SLOTS[name]
            amount = next((a for a in sorted(amounts, key=len, reverse=True)
                           if value.startswith(a + " ")), "")
            classes[name] = amounts.index(amount) + 1 if amount else 0
            classes[f"{what}Kind"] = kinds.index(value[len(amount):].strip()) + 1
        else:
            classes[name] = SLOTS[name].index(value) + 1
    return classes
