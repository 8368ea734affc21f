"""The policy: frame by frame, what to say and when to be silent. Tables, compares and gathers only.

A state of whole numbers goes in and comes out; `Policy.forward` runs once a frame for every call.
There is nothing to learn in here: what the caller says is the listener's to know.
"""

import dataclasses

import torch
from torch import nn

from listener_names import INTENTS
from mouth import AMOUNTS, MILKS, SUGARS, Voice
from policy_tables import (
    CALL, CLEAR, EVENTS, INTENT_EVENTS, MERGE, MOVES, PHASES, REPLIES, SLOW, STOPPING,
)
from speaker import Speaker, whole

# Order slots as they come out: values of each, 0 = not said.
ORDER = ["size", "roast", "numberOfShots", "coffeeDrink", "milkAmount", "sugarAmount"]
FIELDS = [
    *ORDER,
    "phase", "age", "quiet", "said", "over", "head", "idle", "wait", "result", "slow", "spoke",
    "fresh", "calls", "misses", "wipe",
]
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
    # Mean square below which nobody speaks, −70 dBFS: a line that went dead.
    dead: float = 1e-7
    # Least frames of speech that are a turn, and that deserve a "sorry".
    least_said: int = 2
    unclear_said: int = 7
    # And how surely it must have ended, or have been something: babble is neither.
    unclear_finished: float = 0.8
    unclear_intent: float = 0.85
    # How often in a row it says that it did not understand; then it waits for something it does.
    most_misses: int = 2
    # Speech over the agent: frames of it that stop it, and how likely it must be that it is more
    # than "mhm" or "yes". The surer that is, the sooner.
    yields: tuple[tuple[int, float], ...] = ((3, 0.97), (4, 0.88), (6, 0.75), (10, 0.6), (14, 0.5))
    # One word that ended before that stops it when it surely asks for something.
    short_intent: float = 0.8
    # Confidence below which nobody knows what was said.
    intent: float = 0.45
    right: float = 0.7
    consent: int = 15
    tool_late: int = 62
    tool_dead: int = 250


class Policy(nn.Module):
    """Tables are buffers, so that they are exported with the graph. B is the batch axis."""

    def __init__(self, voice: Voice, patience: Patience = Patience()):
        super().__init__()
        self.patience = patience
        self.speaker = Speaker(voice)
        self._register_moves()

    def _register(self, name, tensor):
        self.register_buffer(name, tensor, persistent=False)

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
        """The classes that were heard as slots of an order, and what the caller wants, [B]."""
        classes = {n[6:]: index for n, index in heard.items() if n.startswith("order_")}
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
        return torch.stack(said, dim=1), taken, intent, intent_sure

    def forward(self, heard, state, queue, reset, tool_result):
        """One frame.

        heard: the outputs of the ears and `level`, mean square; state [B, fields] and queue [B, QUEUE]
        int64, both of zeros where `reset` [B] bool; tool_result [B] int64, an index of RESULTS.
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

        said, taken, intent, intent_sure = self._understood(heard)
        acts = torch.softmax(heard["act"], dim=1)
        # Sound that the listener takes for no speech of a turn is nothing said.
        voice = (heard["voice"] > 0) & (acts[:, 0] <= p.noise) & (heard["level"] > p.dead)
        quiet = pick(voice, zero, s["quiet"] + 1)
        spoken = s["said"] + voice.to(torch.int64)

        # The agent's speech: where it is, and whether the caller takes the floor from it.
        total = self.speaker.left(queue)
        speaking = s["head"] < total
        floor = torch.sigmoid(heard["floor"])
        over = pick(speaking, pick(voice, s["over"] + 1, (s["over"] - 1).clamp(min=0)), zero)
        word = (spoken >= p.least_said) & (quiet >= 1) & (intent_sure > p.short_intent)
        stops = word & (self.stopping[intent] > 0)
        for frames, least in p.yields:
            stops = stops | ((over >= frames) & (floor > least))
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
        doubtful = heard["right"] < p.right
        unsure = (intent_sure < p.intent) | (is_order & doubtful)
        unclear = one * EVENTS.index("unclear")
        event = pick(unsure, unclear, event)
        lost = event == EVENTS.index("unclear")
        surely = (acts[:, 2] > p.unclear_finished) | (intent_sure > p.unclear_intent)
        mumbled = lost & ((spoken < p.unclear_said) | ~surely | (s["misses"] >= p.most_misses))
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

        queue = pick(speaks[:, None], self.speaker.queue(reply, order, slow), queue)
        queue = pick(yields[:, None], torch.zeros_like(queue), queue)
        head = pick(speaks | yields, zero, s["head"])
        speech, text, times, now_speaks, head = self.speaker.speak(queue, head)

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
