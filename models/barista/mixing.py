"""Turns utterances into training rows: one turn of a caller each, on a noisy line, with exact targets.

All in the mel domain, in hops of 10 ms; a frame is 8 hops. A row is what the listener hears around one
turn: perhaps something before it, the moment of `fresh`, quiet or noise, the utterance (perhaps with
pauses, perhaps broken off), and what follows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from corpus import Utterance
from listener import MELS, MELS_PER_FRAME
from listener_names import INTENTS, SLOTS

UNCLEAR = INTENTS.index("unclear")
NODS = (INTENTS.index("backchannel"), INTENTS.index("yes"))
FLOOR_DELAY = 18  # hops of speech from which it must be known whether it is more than a nod
IGNORE = -100
SLOT_DELAY = 18  # hops after the end of its last word from which a slot must be known
ACT_DELAY = 14
WORD_DELAY, PHONE_DELAY = 12, 6  # hops, of the alignment targets

Rng = np.random.Generator


@dataclass
class Row:
    """Mel power of the caller and of everything else, with targets. T frames, 2 T word outputs."""

    speech: np.ndarray  # [8 T, MELS] power
    noise: np.ndarray
    gain: float  # natural log of power, over everything
    fresh: int  # frame
    ctc: np.ndarray | None  # word classes, None where unknown
    aligned: np.ndarray  # [2 T]
    phones: np.ndarray  # [2 T]
    slots: np.ndarray  # [T, slots]
    act: np.ndarray  # [T]
    voice: np.ndarray  # [T]
    intent: np.ndarray  # [T]
    pending: np.ndarray  # [T]
    floor: np.ndarray  # [T]


@dataclass
class Piece:
    """An utterance as it will be heard: stretched, cut, with pauses."""

    mel: np.ndarray  # power
    words: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    phones: np.ndarray
    slots: dict[int, list[tuple[str, int]]]
    finished: bool
    spoken: np.ndarray  # [hops] bool, false in pauses
    intent: int
    known: bool
    final: dict[str, int]


def warp_matrices() -> list[np.ndarray]:
    """Shifts of the mel axis by a factor, as if by another length of the mouth."""
    result = []
    for factor in np.linspace(0.9, 1.11, 16):
        matrix = np.zeros((MELS, MELS), np.float32)
        for i in range(MELS):
            # Centre frequencies of the mel scale of listener.py, in mel and back.
            low, high = 2595 * np.log10(1 + 80 / 700), 2595 * np.log10(1 + 7600 / 700)
            step = (high - low) / (MELS + 1)
            hz = 700 * (10 ** ((low + (i + 1) * step) / 2595) - 1) * factor
            place = (2595 * np.log10(1 + hz / 700) - low) / step - 1
            place = min(max(place, 0), MELS - 1)
            first = min(int(place), MELS - 2)
            matrix[first, i] += 1 - (place - first)
            matrix[first + 1, i] += place - first
        result.append(matrix)
    return result


WARPS = warp_matrices()


def stretched(mel: np.ndarray, by: float) -> np.ndarray:
    """Log mel [n] → [n by]."""
    count = max(2, int(len(mel) * by))
    at = np.linspace(0, len(mel) - 1.001, count)
    first = at.astype(int)
    share = (at - first)[:, None].astype(np.float32)
    return mel[first] * (1 - share) + mel[first + 1] * share


def piece(u: Utterance, rng: Rng, first: int, last: int, pauses: bool) -> Piece:
    """Words first..last of an utterance, as another speaker might have said them."""
    begin = 0 if first == 0 else max(0, int(u.starts[first]))
    end = len(u.mel) if last == len(u.words) - 1 else min(len(u.mel), int(u.ends[last]) + 1)
    mel = u.mel[begin: end].astype(np.float32)
    if len(mel) < 4:
        mel = np.concatenate([mel, np.full((4, MELS), -12, np.float32)])
    by = rng.triangular(0.86, 1.0, 1.16)
    mel = stretched(mel, by)
    if rng.random() < 0.6:
        mel = mel @ WARPS[rng.integers(len(WARPS))]
    here = slice(first, last + 1)
    words, starts, ends = u.words[here], (u.starts[here] - begin) * by, (u.ends[here] - begin) * by
    phones = u.phones.copy()
    if len(phones):
        phones = phones[(phones[:, 1] > begin) & (phones[:, 1] <= end + 1)]
        phones = np.stack([phones[:, 0], (phones[:, 1] - begin) * by], axis=1)
    slots = {i - first: marks for i, marks in u.slots.items() if first <= i <= last}
    finished = u.complete[last] and first == 0
    power = np.exp(mel)
    spoken = np.ones(len(power), bool)
    if pauses and len(words) > 1:
        power, starts, ends, phones, spoken = with_pauses(power, starts, ends, phones, u, first, rng)
    return Piece(power, words, starts, ends, phones, slots, finished, spoken, u.intent, u.known, u.final)


def with_pauses(power, starts, ends, phones, u: Utterance, first: int, rng: Rng):  # type: ignore[no-untyped-def]
    """One or two pauses of 0.2–1.4 s between words, rarely where the sentence could be over."""
    places = list(range(len(starts) - 1))
    weights = np.array([0.25 if u.complete[first + i] else 1.0 for i in places])
    count = min(len(places), 1 + int(rng.random() < 0.3))
    chosen = rng.choice(places, size=count, replace=False, p=weights / weights.sum())
    spoken = np.ones(len(power), bool)
    for place in sorted(chosen, reverse=True):
        cut = int(min(max(ends[place], 1), len(power) - 1))
        length = int(rng.uniform(20, 140))
        hole = np.full((length, MELS), 1e-7, np.float32)
        power = np.concatenate([power[:cut], hole, power[cut:]])
        spoken = np.concatenate([spoken[:cut], np.zeros(length, bool), spoken[cut:]])
        starts = np.where(np.arange(len(starts)) > place, starts + length, starts)
        ends = np.where(np.arange(len(ends)) > place, ends + length, ends)
        if len(phones):
            moved = np.where(phones[:, 1] > cut, phones[:, 1] + length, phones[:, 1])
            split = int((phones[:, 1] <= cut).sum())
            phones = np.insert(np.stack([phones[:, 0], moved], axis=1), split, [0, cut + length], axis=0)
    return power, starts, ends, phones, spoken


SLOT_NAMES = list(SLOTS)


def targets(row_hops: int, fresh: int, at: int, p: Piece | None, unclear: bool) -> dict[str, np.ndarray]:
    """Targets of a turn whose piece begins at hop `at`."""
    frames = row_hops // MELS_PER_FRAME
    time = (np.arange(frames) + 1) * MELS_PER_FRAME  # hop at which each frame's output stands
    slots = np.zeros((frames, len(SLOT_NAMES)), np.int64)
    act = np.zeros(frames, np.int64)
    voice = np.zeros(frames, np.int64)
    intent = np.full(frames, IGNORE, np.int64)
    pending = np.zeros(frames, np.int64)
    floor = np.zeros(frames, np.int64)
    result = {"slots": slots, "act": act, "voice": voice, "intent": intent, "pending": pending,
              "floor": floor}
    if p is None:
        return result
    end = at + len(p.mel)
    for place, marks in sorted(p.slots.items()):
        said = at + p.ends[place]
        known = time >= said + SLOT_DELAY
        unsure = (time >= said - 15) & ~known
        for name, value in marks:
            column = SLOT_NAMES.index(name)
            slots[known, column] = value
            slots[unsure, column] = IGNORE
    if p.final and not p.slots:
        slots[time < end + SLOT_DELAY] = IGNORE
        for name, value in p.final.items():
            slots[time >= end + SLOT_DELAY, SLOT_NAMES.index(name)] = value
    if unclear:
        slots[time > at] = IGNORE
    floor[time > at] = IGNORE
    if not unclear:
        floor[time >= at + FLOOR_DELAY] = 0 if p.intent in NODS else 1
    act[time > at] = IGNORE
    act[time >= at + 26] = 1
    act[(time > end) & (time < end + ACT_DELAY)] = IGNORE if p.finished else 1
    act[time >= end + ACT_DELAY] = 2 if p.finished else 1
    spoken = np.zeros(row_hops + 64, np.float32)
    spoken[at: end] = p.spoken
    total = np.concatenate([[0.0], np.cumsum(spoken)])
    share = (total[np.maximum(time - 4, 0)] - total[np.maximum(time - 14, 0)]) / 10
    voice[share > 0.9] = 1
    voice[(share <= 0.9) & (share >= 0.1)] = IGNORE
    if p.finished:
        intent[time >= end + ACT_DELAY] = UNCLEAR if unclear else p.intent
    pending_targets(pending, time, at, p)
    return result


def pending_targets(pending: np.ndarray, time: np.ndarray, at: int, p: Piece) -> None:
    """Amounts between their own last word and the last word of what they are of."""
    if not p.finished or not p.slots:
        pending[time > at] = IGNORE
        return
    for place, marks in p.slots.items():
        for kind, amount in zip(marks[::2], marks[1::2]):
            if not amount[0].endswith("Amount") or amount[1] == 0:
                continue
            words = len(SLOTS[kind[0]][kind[1] - 1].split())
            begin = at + p.ends[max(place - words, 0)]
            end = at + p.ends[place]
            pending[(time >= begin - 4) & (time < end + SLOT_DELAY)] = IGNORE
            pending[(time >= begin + 16) & (time < end + 4)] = amount[1]


def aligned_targets(halves: int, at: int, p: Piece) -> tuple[np.ndarray, np.ndarray]:
    """Which word and which phone was being said a little before each word output."""
    time = (np.arange(halves) + 1) * (MELS_PER_FRAME // 2)
    words = np.zeros(halves, np.int64)
    for word, start, end in zip(p.words, p.starts, p.ends):
        here = (time - WORD_DELAY >= at + start) & (time - WORD_DELAY < at + end)
        words[here] = word if p.known and not p.final else IGNORE
    phones = np.zeros(halves, np.int64)
    if len(p.phones):
        heard = time - PHONE_DELAY - at
        index = np.searchsorted(p.phones[:, 1], heard, side="right")
        inside = (heard >= 0) & (index < len(p.phones))
        phones[inside] = p.phones[index[inside], 0].astype(np.int64)
    else:
        phones[(time >= at) & (time < at + len(p.mel) + 12)] = IGNORE
    return words, phones
