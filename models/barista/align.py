"""Words and their times for the real clips, which come with labels only.

For every clip a small automaton accepts all sentences that its labels allow: one of the nine beginnings,
the labelled slots in any order, little words between them. The best path through it under the listener's word
output (CTC) is taken as what was said. The model that listens better gives better paths, so training
comes back here now and then.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from grammar import PREFIXES
from listener_names import SLOTS, WORDS

WORD_CLASS = {word: i + 1 for i, word in enumerate(WORDS)}
LINKS = ["a", "an", "with", "and", "with a", "and a", "and with", "of", "um", "please", "and an", "the",
         "cup of"]
ENDS = ["please", "thanks", "thank you", "for me"]
ARTICLES = ["", "a", "an", "the", "one", "some"]
WORST = -1e9


@dataclass
class Spelt:
    """What was said in a clip. Places count the word outputs of 40 ms."""

    words: list[int]
    starts: list[int]
    ends: list[int]
    slots: dict[int, list[tuple[str, int]]]
    score: float


@dataclass
class Automaton:
    """Word states; node states emit the blank. `before[s]`: states a path may come from."""

    labels: list[int] = field(default_factory=list)
    before: list[set[int]] = field(default_factory=list)
    marks: list[list[tuple[str, int]]] = field(default_factory=list)
    entries: dict[int, set[int]] = field(default_factory=dict)

    def state(self, label: int) -> int:
        self.labels.append(label)
        self.before.append({len(self.labels) - 1})
        self.marks.append([])
        return len(self.labels) - 1

    def arc(self, node: int, text: str, target: int, marks: list[tuple[str, int]]) -> None:
        """Words from one node to another; blanks between the words may be left out."""
        last = node
        words = text.split()
        for i, word in enumerate(words):
            state = self.state(WORD_CLASS[word])
            self.before[state].add(last)
            # A path may skip the blank of the place it comes from.
            skip = self.entries.get(last, set()) if i == 0 else self.before[last] - {last}
            self.before[state] |= {s for s in skip if self.labels[s] != self.labels[state]}
            if i < len(words) - 1:
                last = self.state(0)
                self.before[last].add(state)
            else:
                self.marks[state] = marks
                self.before[target].add(state)
                self.entries.setdefault(target, set()).add(state)


def phrases(order: dict[str, str], classes: dict[str, int]) -> list[tuple[str, list[tuple[str, int]]]]:
    """The labelled slots as words, each with what its last word completes."""
    result = []
    for name, text in order.items():
        if name in ("milkAmount", "sugarAmount"):
            what = name[: -len("Amount")]
            marks = [(f"{what}Kind", classes[f"{what}Kind"]), (name, classes[name])]
        else:
            marks = [(name, classes[name])]
        result.append((text, marks))
    return result


def automaton(order: dict[str, str], classes: dict[str, int]) -> tuple[Automaton, list[int]]:
    """For one clip's labels; also the states a path may end in."""
    a = Automaton()
    parts = phrases(order, classes)
    full = (1 << len(parts)) - 1
    start = a.state(0)
    node = {0: a.state(0)}
    linked: dict[int, int] = {}
    for prefix in PREFIXES:
        for article in ("", "a"):
            a.arc(start, f"{prefix} {article}".strip(), node[0], [])
    for mask in range(full + 1):
        if mask not in node:
            node[mask] = a.state(0)
        linked[mask] = a.state(0)
    for mask in sorted(range(full + 1), key=lambda m: bin(m).count("1")):
        links = ARTICLES[1:] if mask == 0 else LINKS
        for link in links if mask != full else ENDS:
            a.arc(node[mask], link, linked[mask], [])
        for i, (text, marks) in enumerate(parts):
            if not mask >> i & 1:
                for source in (node[mask], linked[mask]):
                    a.arc(source, text, node[mask | 1 << i], marks)
    ends = {node[full], linked[full]} | a.entries.get(node[full], set()) | a.entries.get(linked[full], set())
    return a, sorted(ends)


def best_path(logs: np.ndarray, a: Automaton, ends: list[int]) -> Spelt:
    """Viterbi. logs [T, V] log-probabilities, blank first."""
    count = len(a.labels)
    width = max(len(b) for b in a.before)
    before = np.full((count, width), count)
    for state, sources in enumerate(a.before):
        before[state, : len(sources)] = sorted(sources)
    labels = np.array(a.labels)
    score = np.full(count + 1, WORST)
    score[0] = logs[0, 0]
    starters = [s for s in range(count) if 0 in a.before[s] and s != 0]
    score[starters] = logs[0, labels[starters]]
    came = np.zeros((len(logs), count), np.int32)
    for t in range(1, len(logs)):
        options = score[before]
        pick = options.argmax(axis=1)
        came[t] = before[np.arange(count), pick]
        score[:count] = options[np.arange(count), pick] + logs[t, labels]
    state = max(ends, key=lambda s: score[s])
    final = float(score[state]) / len(logs)
    path = [state]
    for t in range(len(logs) - 1, 0, -1):
        path.append(int(came[t][path[-1]]))
    return spelt(path[::-1], a, final)


def spelt(path: list[int], a: Automaton, score: float) -> Spelt:
    result = Spelt([], [], [], {}, score)
    for t, state in enumerate(path):
        if a.labels[state] == 0:
            continue
        if t and path[t - 1] == state:
            result.ends[-1] = t
            continue
        result.words.append(a.labels[state])
        result.starts.append(t)
        result.ends.append(t)
        if a.marks[state]:
            result.slots[len(result.words) - 1] = a.marks[state]
    return result


def check_values() -> None:
    """Every slot value can be spelt."""
    for values in SLOTS.values():
        for value in values:
            for word in value.split():
                if word not in WORD_CLASS and word != "without":
                    raise ValueError(word)
