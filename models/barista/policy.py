"""The policy: frame by frame, what to say and when to be silent. Tables, compares and gathers only.

A state of whole numbers goes in and comes out; `Policy.forward` runs once a frame for every call.
There is nothing to learn in here: what the caller says is the listener's to know.
"""

import dataclasses

import torch
from torch import nn

from listener_names import INTENTS
from mouth import AMOUNTS, BLOCK_SAMPLES, DRINKS, MILKS, SUGARS, Voice
from policy_tables import (
    CALL, CLEAR, EVENTS, INTENT_EVENTS, MERGE, MOVES, PHASES, REPLIES, SLOW, STOPPING,
)
from mouth_words import Vocabulary

FRAME_BLOCKS = 8
# Order slots as they come out: values of each, 0 = not said.
ORDER = ["size", "roast", "numberOfShots", "coffeeDrink", "milkAmount", "sugarAmount"]
FIELDS = [
    *ORDER,
    "phase", "age", "quiet", "said", "over", "head", "idle", "wait", "result", "slow", "spoke",
    "fresh", "calls", "misses", "wipe",
]
QUEUE = 16
TOKENS = 4
RESULTS = [None, "answered", "failed"]


@dataclasses.dataclass(frozen=True)
class Patience:
    """Times in frames of 80 ms, probabilities 0–1. What decides when it is the agent's turn."""

    greet_at: int = 9
    # Quiet frames that end a turn the listener calls finished, and one that it does not.
    finished_quiet: int = 3
    unfinished_quiet: int = 14
    finished: float = 0.5
    noise: float = 0.6
    # Least frames of speech that are a turn, and that deserve a "sorry".
    least_said: int = 2
    unclear_said: int = 7
    # How often in a row it says that it did not understand; then it waits for something it does.
    most_misses: int = 2
    # Speech over the agent: frames of it that stop it, and the most that "mhm" and "yes" may be
    # likely then. The surer it is no nod, the sooner.
    yields: tuple[tuple[int, float, float], ...] = ((4, 0.1, 0.25), (6, 0.45, 0.4), (12, 0.9, 0.9))
    # One word that ended before that stops it when it surely asks for something.
    short_intent: float = 0.5
    # Confidence below which nobody knows what was said.
    intent: float = 0.45
    slot: float = 0.7
    # The words heard do not agree with the slots: one that is needed, or that none explains.
    missing: float = 0.95
    extra: float = 0.85
    consent: int = 15
    tool_late: int = 62
    tool_dead: int = 250


def whole(values):
    return torch.tensor(values, dtype=torch.int64)


class Policy(nn.Module):
    """Tables are buffers, so that they are exported with the graph. B is the batch axis."""

    def __init__(self, voice: Voice, patience: Patience = Patience()):
        super().__init__()
        self.patience = patience
        self._register("blocks", torch.from_numpy(voice.blocks.copy()))
        self._register("start", whole(voice.start))
        self._register("length", whole(voice.length))
        self.vocabulary = Vocabulary(voice)
        self._register("words", whole(self.vocabulary.table))
        self._register_replies(voice)
        self._register_moves()

    def _register(self, name, tensor):
        self.register_buffer(name, tensor, persistent=False)

    def _register_replies(self, voice):
        unit = voice.units
        drinks = [0, 0] + [unit[f"drink{end}:{d}"] for d in DRINKS for end in ",."]
        milks, sugars = [0, 0], [0, 0]
        for kinds, table, first, second in ((MILKS, milks, "milk,", "milk."),
                                            (SUGARS, sugars, "with", "and")):
            for kind in kinds:
                for amount in AMOUNTS:
                    words = f"{amount} {kind}".strip()
                    table += [unit[f"{first}:{words}"], unit[f"{second}:{words}"]]
        heads = [unit[k] for k in unit if k.startswith("head:")]
        middles = [0] + [unit[k] for k in unit if k.startswith("middle:")]
        tables = {"<head>": heads, "<middle>": middles, "<drink>": drinks, "<milk>": milks,
                  "<sugar>": sugars, "<gap>": [0, unit["gap"]]}
        names = list(tables)
        offsets, fillers = [], []
        for name in names:
            offsets.append(len(fillers))
            fillers += tables[name]
        self._register("fillers", whole(fillers))
        self._register("filler_offsets", whole(offsets))
        self.units = len(voice.start)
        rows = []
        for keys in REPLIES.values():
            row = [self.units + names.index(k) if k in tables else unit[k] for k in keys]
            if len(row) > QUEUE - 1:
                raise ValueError(f"{keys} are too many")
            # One block of silence behind the last: the end of a unit fades out in it.
            rows.append(row + [0] * (QUEUE - 1 - len(row)) + ([unit["end"]] if row else [0]))
        self._register("templates", whole(rows))

    def _register_moves(self):
        replies = list(REPLIES)
        reply = [[0] * len(EVENTS) for _ in PHASES]
        after = [[p] * len(EVENTS) for p in range(len(PHASES))]
        kinds = {"clears": CLEAR, "merges": MERGE, "calls": CALL, "slows": SLOW}
        bits = [[0] * len(EVENTS) for _ in PHASES]
        for phase, moves in MOVES.items():
            for event, (said, then, what) in moves.items():
                at = PHASES.index(phase), EVENTS.index(event)
                reply[at[0]][at[1]] = replies.index(said)
                after[at[0]][at[1]] = PHASES.index(then)
                bits[at[0]][at[1]] = what
        self._register("reply", whole(reply).flatten())
        self._register("after", whole(after).flatten())
        for name, bit in kinds.items():
            has = [[1 if cell & bit else 0 for cell in row] for row in bits]
            self._register(name, whole(has).flatten())
        self._register("stopping", whole([int(i in STOPPING) for i in INTENTS]))
        self._register("intent_events", whole([EVENTS.index(INTENT_EVENTS[i]) for i in INTENTS]))

    # ---- what the caller does

    def _understood(self, heard):
        """The listener's classes as slots of an order, and how sure it is of them, [B]."""
        classes, surest = {}, []
        for name, logits in heard.items():
            if not name.startswith("slot_"):
                continue
            probability, index = torch.softmax(logits, dim=1).max(dim=1)
            classes[name[5:]] = index
            surest.append(probability)
        slot_sure = torch.stack(surest, dim=1).min(dim=1).values
        probability = torch.softmax(heard["intent"], dim=1)
        intent_sure, intent = probability.max(dim=1)
        said = [classes[name] for name in ORDER[:4]]
        taken = []
        for what, kinds in (("milk", MILKS), ("sugar", SUGARS)):
            kind, amount = classes[f"{what}Kind"], classes[f"{what}Amount"]
            without = kind == len(kinds) + 1
            value = (kind - 1) * len(AMOUNTS) + amount + 1
            said.append(torch.where((kind == 0) | without, torch.zeros_like(kind), value))
            taken.append(without)
        return torch.stack(said, dim=1), taken, slot_sure, intent, intent_sure, probability

    def forward(self, heard, state, queue, reset, tool_result):
        """One frame.

        heard: the listener's outputs; state [B, fields] and queue [B, QUEUE] int64, both of zeros
        where `reset` [B] bool; tool_result [B] int64, an index of RESULTS.
        Returns a dict: speech [B, 1280], mark, call [B], order [B, 6], text [B, TOKENS],
        times [B, TOKENS, 2], state, queue; the whole numbers int64.
        """
        p = self.patience
        keep = 1 - reset.to(torch.int64)
        state = state * keep[:, None]
        queue = queue * keep[:, None]
        s = dict(zip(FIELDS, state.unbind(dim=1)))
        one = torch.ones_like(s["age"])
        zero = one - 1
        pick = torch.where

        said, taken, slot_sure, intent, intent_sure, intents = self._understood(heard)
        acts = torch.softmax(heard["act"], dim=1)
        # Sound that the listener takes for no speech of a turn is nothing said.
        voice = (heard["voice"] > 0) & (acts[:, 0] <= p.noise)
        quiet = pick(voice, zero, s["quiet"] + 1)
        spoken = s["said"] + voice.to(torch.int64)

        # The agent's speech: where it is, and whether the caller takes the floor from it.
        lengths = self.length[queue]
        ends = lengths.cumsum(dim=1)
        total = ends[:, -1]
        speaking = s["head"] < total
        nod, yes = (intents[:, INTENTS.index(name)] for name in ("backchannel", "yes"))
        over = pick(speaking, pick(voice, s["over"] + 1, (s["over"] - 1).clamp(min=0)), zero)
        word = (spoken >= p.least_said) & (quiet >= 1) & (intent_sure > p.short_intent)
        stops = word & (self.stopping[intent] > 0)
        for frames, most_nod, most_yes in p.yields:
            stops = stops | ((over >= frames) & (nod < most_nod) & (yes < most_yes))
        yields = speaking & stops
        total = pick(yields, s["head"], total)
        speaking = speaking & ~yields
        spoke = s["spoke"] > 0
        silent = ~speaking & ~spoke

        # Has the caller finished? What was said beside the agent's own speech is forgotten.
        finished = acts[:, 2] > p.finished
        patience = pick(finished, one * p.finished_quiet, one * p.unfinished_quiet)
        over_now = quiet >= patience
        turn = silent & (spoken >= p.least_said) & over_now
        beside = speaking & (spoken > 0) & (quiet >= 6)
        noise = silent & (spoken > 0) & (spoken < p.least_said) & (quiet >= 6)

        order = torch.stack([s[name] for name in ORDER], dim=1)
        after_done = (s["phase"] == PHASES.index("done"))[:, None]
        merged = pick(said > 0, said, pick(after_done, torch.zeros_like(order), order))
        gone = torch.stack([zero > 0] * 4 + taken, dim=1)
        merged = pick(gone, torch.zeros_like(merged), merged)
        has_slots = (said > 0).any(dim=1) | gone.any(dim=1)
        is_order = (intent == INTENTS.index("order")) | (intent == INTENTS.index("correction"))
        whole_order = pick(merged[:, 3] > 0, one * EVENTS.index("complete"),
                           one * EVENTS.index("incomplete"))
        event = self.intent_events[intent]
        event = pick(is_order & has_slots, whole_order, event)
        doubtful = (slot_sure < p.slot) | (heard["missing"] > p.missing) | (heard["extra"] > p.extra)
        unsure = (intent_sure < p.intent) | (is_order & doubtful)
        unclear = one * EVENTS.index("unclear")
        event = pick(unsure, unclear, event)
        lost = event == EVENTS.index("unclear")
        mumbled = lost & ((spoken < p.unclear_said) | ~finished | (s["misses"] >= p.most_misses))
        event = pick(turn & ~mumbled, event, zero)
        misses = pick(event == unclear, s["misses"] + 1, pick(event > 0, zero, s["misses"]))

        # What happens by itself.
        phase = s["phase"]
        at_tool = phase == PHASES.index("tool")
        wait = pick(at_tool, s["wait"] + 1, zero)
        result = pick(tool_result > 0, tool_result, s["result"])
        result = pick((wait >= p.tool_dead) & (result == 0), one * 2, result)
        calm = silent & (event == 0) & (quiet >= 2) & (spoken == 0)
        idle = pick(calm, s["idle"] + 1, zero)
        answer = pick(result == 1, one * EVENTS.index("placed"), one * EVENTS.index("failed"))
        own = pick((phase == 0) & (s["age"] >= p.greet_at), one * EVENTS.index("time"), zero)
        consent = (phase == PHASES.index("confirm")) & (idle >= p.consent)
        own = pick(consent, one * EVENTS.index("consent"), own)
        late = at_tool & (torch.remainder(wait, p.tool_late) == p.tool_late - 1)
        own = pick(late, one * EVENTS.index("late"), own)
        own = pick(result > 0, answer, own)
        event = pick(calm, own, event)

        # The move.
        cell = phase * len(EVENTS) + event
        reply = self.reply[cell]
        phase = self.after[cell]
        speaks = reply > 0
        merges, clears = (table[cell][:, None] > 0 for table in (self.merges, self.clears))
        calls = self.calls[cell] > 0
        # The order as it was when the tool is called: clearing comes with its answer.
        order = pick(merges, merged, order)
        order = pick(clears, torch.zeros_like(order), order)
        slow = pick(self.slows[cell] > 0, one, s["slow"])
        told = (event == EVENTS.index("placed")) | (event == EVENTS.index("failed"))
        result = pick(told | calls, zero, result)
        wait = pick(calls, zero, wait)

        queue = pick(speaks[:, None], self._queue(reply, order, slow), queue)
        queue = pick(yields[:, None], torch.zeros_like(queue), queue)
        head = pick(speaks | yields, zero, s["head"])
        speech, text, times, now_speaks, head = self._speak(queue, head)

        started = now_speaks & ~spoke
        ended = spoke & ~now_speaks
        mark = pick(started, one, pick(yields, one * 3, pick(ended, one * 2, zero)))
        # What the ears still know of the last turn must not colour the next.
        rests = now_speaks & (spoken == 0) & (quiet >= 4)
        forget = turn | beside | noise | rests
        after = {
            **dict(zip(ORDER, order.unbind(dim=1))),
            "phase": phase,
            "age": (s["age"] + 1).clamp(max=1_000_000),
            "quiet": quiet.clamp(max=1_000_000),
            "said": pick(forget, zero, spoken).clamp(max=1_000_000),
            "over": pick(yields, zero, over),
            "head": head,
            "idle": idle.clamp(max=1_000_000),
            "wait": wait.clamp(max=1_000_000),
            "result": result,
            "slow": slow,
            "spoke": now_speaks.to(torch.int64),
            "fresh": forget.to(torch.int64),
            "calls": s["calls"] + calls.to(torch.int64),
            "misses": misses,
            "wipe": (rests & (quiet == 6)).to(torch.int64),
        }
        return {
            "speech": speech,
            "mark": mark,
            "call": calls.to(torch.int64),
            "order": order,
            "text": text,
            "times": times,
            "state": torch.stack([after[name] for name in FIELDS], dim=1),
            "queue": queue,
        }

    def _queue(self, reply, order, slow):
        """Units of a reply, [B, QUEUE]: its template with the order's words in it."""
        size, roast, shots, drink, milk, sugar = order.unbind(dim=1)
        last = ((milk == 0) & (sugar == 0)).to(torch.int64)
        index = torch.stack([
            size,
            roast * 4 + shots,
            drink * 2 + last,
            milk * 2 + (sugar == 0).to(torch.int64),
            sugar * 2 + (milk > 0).to(torch.int64),
            slow,
        ], dim=1)
        filled = self.fillers[index + self.filler_offsets]
        template = self.templates[reply]
        place = (template - self.units).clamp(min=0)
        return torch.where(template < self.units, template, filled.gather(1, place))

    def _speak(self, queue, head):
        """A frame of sound from block `head` of the queue on, with the words that begin in it."""
        lengths, starts = self.length[queue], self.start[queue]
        ends = lengths.cumsum(dim=1)
        begins = ends - lengths
        total = ends[:, -1]
        speaks = head < total
        # The block behind a unit's end is its fade-out; it sounds with the next unit's first block.
        tails = torch.where((lengths > 0) & (starts > 0), starts + lengths, torch.zeros_like(starts))
        before, last = [], torch.zeros_like(head)
        for i in range(QUEUE):
            before.append(last)
            last = torch.where(lengths[:, i] > 0, tails[:, i], last)
        before = torch.stack(before, dim=1)
        at = head[:, None] + torch.arange(FRAME_BLOCKS)[None, :]
        unit = (ends[:, None, :] <= at[:, :, None]).to(torch.int64).sum(dim=2)
        playing = unit < QUEUE
        unit = unit.clamp(max=QUEUE - 1)
        within = at - begins.gather(1, unit)
        first = starts.gather(1, unit)
        block = torch.where(playing & (first > 0), first + within, torch.zeros_like(first))
        tail = torch.where(playing & (within == 0), before.gather(1, unit), torch.zeros_like(first))
        sound = self.blocks[block].to(torch.float32) + self.blocks[tail].to(torch.float32)
        speech = (sound / 32768.0).reshape(-1, FRAME_BLOCKS * BLOCK_SAMPLES)
        text, times = self._words(queue, begins, head)
        return speech, text, times, speaks, head + speaks.to(torch.int64) * FRAME_BLOCKS

    def _words(self, queue, begins, head):
        """Words that begin in this frame: ids [B, TOKENS] and samples [B, TOKENS, 2] from the
        frame's first sample to their start and end."""
        words = self.words[queue]  # [B, QUEUE, W, 3]
        offset = (begins - head[:, None])[:, :, None]
        start = words[:, :, :, 1] + offset
        end = words[:, :, :, 2] + offset
        here = (words[:, :, :, 0] > 0) & (start >= 0) & (start < FRAME_BLOCKS)
        # The earliest first: whoever is not here comes last.
        rank = torch.where(here, FRAME_BLOCKS - start, torch.zeros_like(start)).flatten(1)
        rank, index = rank.topk(TOKENS, dim=1)
        found = rank > 0
        nothing = torch.zeros_like(index)
        text = torch.where(found, words[:, :, :, 0].flatten(1).gather(1, index), nothing)
        start = torch.where(found, start.flatten(1).gather(1, index), nothing)
        end = torch.where(found, end.flatten(1).gather(1, index), nothing)
        return text, torch.stack([start, end], dim=2) * BLOCK_SAMPLES
