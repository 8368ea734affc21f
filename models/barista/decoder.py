"""What was ordered, by the words: the best paths through a grammar of orders, frame by frame.

The slot heads of the listener have learned whole sentences from few recordings; its words generalise
better. Here a Viterbi search (token passing) runs beside them: every word of a slot's phrase is a
state, what is said between the slots is one state, and each state keeps the TOKENS best different
orders that lead to it. At the end of a turn the heads and the paths are weighed together (`choose`).
Nothing in here is learned. Tables, gathers and maxima only, so that it is exported with the graph.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from listener_names import SLOT_WORDS, SLOTS, WORDS

KEPT = 8  # different orders a state remembers
FIELDS = {"size": 8, "roast": 4, "numberOfShots": 4, "coffeeDrink": 11, "milk": 48, "sugar": 30, "pending": 8}
AMOUNTS = len(SLOTS["milkAmount"]) + 1
WITHOUT = AMOUNTS  # a pending "without", behind the amounts
RADIX: dict[str, int] = {}
_next = 1
for _name, _size in FIELDS.items():
    RADIX[_name], _next = _next, _next * _size

# Costs, in nats, of what the words output does not tell.
JUNK = 5.0  # a step of 40 ms with a word that belongs to nothing
REPEATED = 3.0  # a slot that was said already
NO_OF = 1.5  # "a bit milk"
SLACK = {"some": 1.0, "little": 2.0, "bit": 2.0, "lot": 2.0, "lots": 2.0, "medium": 4.0, "light": 4.0}
FLOOR = -200.0
HUB, AMOUNT = -1, -2  # between two phrases; between an amount and what it is of

State = tuple[Tensor, Tensor, Tensor]


@dataclass
class Place:
    """A state: a word, where a path comes from, and what its end sets."""

    label: int
    source: int
    field: str = ""
    value: int = 0
    amount: bool = False  # takes the pending amount with it
    into_hub: bool = False
    into_amount: float | None = None  # cost


class Decoder(nn.Module):
    """B is the batch axis; S states, and behind them the hub and the place after an amount."""

    def __init__(self, weight: float = 0.5) -> None:
        super().__init__()
        self.weight = weight  # of the paths against the heads
        places = grammar()
        count = len(places)
        source = [p.source if p.source >= 0 else count + (0 if p.source == HUB else 1) for p in places]
        tables = {
            "labels": [max(p.label, 0) for p in places],
            "source": source,
            "radix": [RADIX[p.field] if p.field else 1 for p in places],
            "size": [FIELDS[p.field] if p.field else 1 for p in places],
            "value": [p.value for p in places],
            "taken": [int(p.amount) for p in places],
            "without": [len(SLOTS[f"{p.field}Kind"]) * AMOUNTS if p.amount else 0 for p in places],
            "slot": [int(p.field not in ("", "pending")) for p in places],
            "hub_from": [i for i, p in enumerate(places) if p.into_hub],
            "amount_from": [i for i, p in enumerate(places) if p.into_amount is not None],
        }
        for name, values in tables.items():
            self.register_buffer(name, torch.tensor(values), persistent=False)
        costs = [p.into_amount for p in places if p.into_amount is not None]
        self.register_buffer("amount_cost", torch.tensor(costs), persistent=False)
        slack = [0.0 if w not in SLOT_WORDS else SLACK.get(w, 1000.0) for w in WORDS]
        self.register_buffer("slack", torch.tensor([1000.0, *slack]), persistent=False)
        first = torch.full((count + 2,), FLOOR)
        first[0] = first[count] = 0.0
        self.register_buffer("first", first, persistent=False)
        self.register_buffer("first_loss", torch.cat([torch.zeros(1), torch.full((KEPT - 1,), -FLOOR)]),
                             persistent=False)
        self.count = count

    def state_shapes(self) -> dict[str, tuple[str, tuple[int, ...]]]:
        rows = self.count + 2
        return {"path_scores": ("float32", (rows,)), "path_losses": ("float32", (rows, KEPT)),
                "path_orders": ("int64", (rows, KEPT)), "path_cost": ("float32", (2,))}

    def forward(self, words: Tensor, state: tuple[Tensor, ...], begin: Tensor) -> tuple[Tensor, ...]:
        """One frame: words [B, 2, V] log-probabilities; state as state_shapes() tells, of zeros in a
        call's first frame; begin [B], true where a turn begins and in that frame. → the state after
        it; path_cost are the words' loss against no grammar, and the frames of the turn."""
        scores, losses, orders, cost = state
        begin = begin.to(torch.bool)
        scores = torch.where(begin[:, None], self.first, scores)
        losses = torch.where(begin[:, None, None], self.first_loss, losses)
        orders = orders * (~begin).to(orders.dtype)[:, None, None]
        cost = cost * (~begin).to(cost.dtype)[:, None]
        words = words - words.amax(dim=-1, keepdim=True)
        for half in range(2):
            scores, losses, orders = self.step(words[:, half], scores, losses, orders)
            best = scores[:, self.count: self.count + 1]
            scores = (scores - best).clamp(min=FLOOR)
            cost = cost + torch.cat([-best, best * 0.0 + 0.5], dim=1)
        return scores, losses, orders, cost

    def step(self, logs: Tensor, scores: Tensor, losses: Tensor, orders: Tensor) -> State:
        blank = logs[:, :1]
        between = (logs - self.slack).amax(dim=1, keepdim=True)
        junk = blank * 0.0 - JUNK
        said = torch.cat([blank + FLOOR, between, junk, logs[:, self.labels[3:]]], dim=1)
        stay = scores[:, : self.count] + torch.maximum(said, blank)
        entering = losses[:, self.source]
        came, repeated = self.with_slot(orders[:, self.source])
        entering = entering + REPEATED * repeated.to(entering.dtype)
        least = entering.amin(dim=2, keepdim=True)
        entering = entering - least
        enter = scores[:, self.source] + said - least[:, :, 0]
        take = enter > stay
        new = torch.where(take, enter, stay)
        losses = torch.where(take[:, :, None], entering, losses[:, : self.count])
        orders = torch.where(take[:, :, None], came, orders[:, : self.count])
        parts = [(new, losses, orders)]
        for of, extra in ((self.hub_from, None), (self.amount_from, self.amount_cost)):
            part = new[:, of] if extra is None else new[:, of] - extra
            parts.append(merged(part, losses[:, of], orders[:, of]))
        return tuple(torch.cat(each, dim=1) for each in zip(*parts))  # type: ignore[return-value]

    def with_slot(self, orders: Tensor) -> tuple[Tensor, Tensor]:
        """Orders [B, S, KEPT] with what each state sets, and whether it was set before."""
        radix, taken = self.radix[None, :, None], self.taken[None, :, None]
        pending = orders // RADIX["pending"] * taken
        before = (orders // radix) % self.size[None, :, None]
        value = self.value[None, :, None] + pending
        value = torch.where(pending == WITHOUT, self.without[None, :, None], value)
        after = orders + (value - before) * radix - pending * RADIX["pending"]
        return after, (before > 0) & (self.slot[None, :, None] > 0)

    def choose(self, state: tuple[Tensor, ...], heads: dict[str, Tensor]) -> dict[str, Tensor]:
        """What was ordered in this turn, by paths and heads together: a class for every slot, [B]; and
        how sure that is, see doubt.py."""
        _, losses, orders, cost = state
        losses, orders = losses[:, self.count], orders[:, self.count]
        classes = split(orders)
        logs = {n: torch.log_softmax(heads[f"slot_{n}"], dim=1) for n in SLOTS}
        chances = [logs[n].gather(1, classes[n]) for n in SLOTS]
        by_heads = torch.stack(chances, dim=2)  # [B, KEPT, slots]
        total = by_heads.sum(dim=2) - self.weight * losses
        best = total.argmax(dim=1, keepdim=True)
        chosen = {n: c.gather(1, best)[:, 0] for n, c in classes.items()}
        sure = torch.log_softmax(total, dim=1).gather(1, best)[:, 0]
        own = by_heads.gather(1, best[:, :, None].expand(-1, -1, by_heads.shape[2]))[:, 0]
        alike = torch.stack([heads[f"slot_{n}"].argmax(dim=1) == chosen[n] for n in SLOTS], dim=1).all(dim=1)
        return {**{f"order_{n}": c for n, c in chosen.items()}, "sure": sure, "heads_all": own.sum(dim=1),
                "heads_least": own.amin(dim=1), "path_loss": losses.gather(1, best)[:, 0],
                "path_cost": cost[:, 0], "path_rate": cost[:, 0] / cost[:, 1].clamp(min=1),
                "alike": alike.to(cost.dtype)}


def merged(scores: Tensor, losses: Tensor, orders: Tensor) -> State:
    """The KEPT best different orders of some states, as one state: [B, 1], [B, 1, KEPT] twice."""
    each = (scores[:, :, None] - losses).flatten(1)
    each, index = each.topk(3 * KEPT, dim=1)
    found = orders.flatten(1).gather(1, index)
    same = (found[:, :, None] == found[:, None, :]).to(each.dtype).tril(-1).amax(dim=2)
    each, index = (each + same * 2 * FLOOR).topk(KEPT, dim=1)
    best = each[:, :1]
    return best, (best - each).clamp(max=-FLOOR)[:, None], found.gather(1, index)[:, None]


def split(orders: Tensor) -> dict[str, Tensor]:
    """Orders as numbers → a class for every slot."""
    part = {name: (orders // RADIX[name]) % FIELDS[name] for name in FIELDS}
    return {**{n: part[n] for n in ("size", "roast", "numberOfShots", "coffeeDrink")},
            "milkKind": part["milk"] // AMOUNTS, "milkAmount": part["milk"] % AMOUNTS,
            "sugarKind": part["sugar"] // AMOUNTS, "sugarAmount": part["sugar"] % AMOUNTS}


def grammar() -> list[Place]:
    """All states; the first three are the silence before the first word, words between slots, junk."""
    places = [Place(-1, HUB, into_hub=True), Place(-1, HUB, into_hub=True), Place(-1, HUB, into_hub=True)]

    def phrase(text: str, source: int, **last) -> None:  # type: ignore[no-untyped-def]
        words = text.split()
        for i, word in enumerate(words):
            label = WORDS.index(word) + 1
            end = last if i == len(words) - 1 else {}
            places.append(Place(label, source, **end))
            source = len(places) - 1

    for name in ("size", "roast", "numberOfShots", "coffeeDrink"):
        for i, value in enumerate(SLOTS[name]):
            phrase(value, HUB, field=name, value=i + 1, into_hub=True)
    for what in ("milk", "sugar"):
        for i, value in enumerate(SLOTS[f"{what}Kind"][:-1]):
            for source in (HUB, AMOUNT):
                phrase(value, source, field=what, value=(i + 1) * AMOUNTS, amount=source == AMOUNT, into_hub=True)
    for i, value in enumerate(SLOTS["milkAmount"]):
        text = value.removeprefix("a ")  # it is said between the slots, and often not heard
        bare = text.removesuffix(" of")
        phrase(bare, HUB, field="pending", value=i + 1, into_amount=0.0 if bare == text else NO_OF)
        if bare != text:
            phrase("of", len(places) - 1, into_amount=0.0)
    for text in ("without", "without the", "without any"):
        phrase(text, HUB, field="pending", value=WITHOUT, into_amount=0.0)
    return places
