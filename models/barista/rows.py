"""Draws training rows and makes batches of them: lines, rooms, noise and levels."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import torch
from scipy.signal import lfilter
from torch import Tensor

import mixing
from corpus import Utterance
from listener import MELS, MELS_PER_FRAME, log_mel, mel_basis
from listener_names import INTENTS
from mixing import IGNORE, Piece, Rng, Row

LOUD = 370.0  # mel power, all bands, of a sound at the level that noise is kept at
NATURAL_DB = 10 / np.log(10)  # decibels of a natural-log unit of power
BIN_COUNT = np.maximum(1.0, mel_basis().numpy().sum(axis=0))
CENTRES_HZ = (mel_basis().numpy() * (np.arange(257) * 31.25)[:, None]).sum(axis=0) / np.maximum(
    mel_basis().numpy().sum(axis=0), 1e-9)


class Library:
    """All that rows are drawn from. Real clips join as utterances once they are loaded."""

    def __init__(self, folder: Path, strange: list[np.ndarray]) -> None:
        self.speech: list[Utterance] = []
        for path in sorted(folder.glob("speech-*.pickle")):
            self.speech += pickle.loads(path.read_bytes())
        self.noise: list[np.ndarray] = []
        self.coughs: list[np.ndarray] = []
        for path in sorted(folder.glob("noise-*.pickle")):
            made = pickle.loads(path.read_bytes())
            self.noise += [mel for _, mel in made["noise"]]
            self.coughs += made["coughs"]
        self.real: list[Utterance] = []
        self.spliced = 0.0
        self.strange = strange  # log mels of real speech that is no order
        orders = [INTENTS.index(name) for name in ("order", "correction", "unclear")]
        self.talk = [u for u in self.speech if u.intent not in orders]
        self.nods = [u for u in self.speech if u.intent in mixing.NODS]


def turn_piece(library: Library, rng: Rng, crop: bool, real_share: float) -> tuple[Piece | None, str]:
    """What the caller says in this turn; None for nothing."""
    roll = rng.random()
    if crop:
        while True:
            u = library.speech[rng.integers(len(library.speech))]
            if u.known:
                break
        count = min(len(u.words), int(rng.integers(2, 8)))
        first = int(rng.integers(len(u.words) - count + 1))
        return mixing.piece(u, rng, first, first + count - 1, False), "crop"
    if roll < 0.07:
        return None, "silence"
    if roll < 0.09 and library.strange:
        return strange_piece(library, rng), "strange"
    if library.real and roll < 0.09 + real_share:
        u = real_order(library, rng)
    elif rng.random() < 0.1:
        u = library.nods[rng.integers(len(library.nods))]
    elif rng.random() < 0.25:
        u = library.talk[rng.integers(len(library.talk))]
    else:
        u = library.speech[rng.integers(len(library.speech))]
    last = len(u.words) - 1
    aligned = len(u.words) > 1 and (u.slots or not u.final)
    if aligned and len(u.words) > 3 and rng.random() < 0.1:
        last = int(rng.integers(1, len(u.words) - 1))
    pauses = bool(aligned and rng.random() < 0.33)
    return mixing.piece(u, rng, 0, max(last, 0), pauses), "turn"


def real_order(library: Library, rng: Rng) -> Utterance:
    """A real clip, or the first part of one and the last part of another, where both have words and
    no slot is said twice."""
    u = library.real[rng.integers(len(library.real))]
    if rng.random() >= library.spliced:
        return u
    for _ in range(8):
        other = library.real[rng.integers(len(library.real))]
        first, second = [i for i in u.slots if i < len(u.words) - 1], list(other.slots)[:-1]
        if not first or not second:
            continue
        i, j = first[rng.integers(len(first))], second[rng.integers(len(second))]
        names = [marks[0][0] for k, marks in u.slots.items() if k <= i]
        more = [marks[0][0] for k, marks in other.slots.items() if k > j]
        if "coffeeDrink" in names + more and not set(names) & set(more):
            return spliced(u, i, other, j)
    return u


def spliced(u: Utterance, i: int, other: Utterance, j: int) -> Utterance:
    """Words up to i of one clip, words after j of the other."""
    cut, begin = int(u.ends[i]), int(other.ends[j])
    slots = {k: marks for k, marks in u.slots.items() if k <= i}
    slots |= {k - j + i: marks for k, marks in other.slots.items() if k > j}
    final = dict.fromkeys(u.final, 0)
    for marks in slots.values():
        final |= dict(marks)
    drink = min(k for k, marks in slots.items() if marks[0][0] == "coffeeDrink")
    words = np.concatenate([u.words[: i + 1], other.words[j + 1:]])
    complete = [k >= drink and k in slots for k in range(len(words))]
    complete[-1] = True
    return Utterance(
        mel=np.concatenate([u.mel[:cut], other.mel[begin:]]), words=words,
        starts=np.concatenate([u.starts[: i + 1], other.starts[j + 1:] - begin + cut]),
        ends=np.concatenate([u.ends[: i + 1], other.ends[j + 1:] - begin + cut]),
        phones=u.phones, slots=slots, complete=complete, intent=u.intent, voice="real",
        text="", known=True, final=final)


def strange_piece(library: Library, rng: Rng) -> Piece:
    mel = library.strange[rng.integers(len(library.strange))].astype(np.float32)
    length = int(rng.integers(100, 350))
    at = int(rng.integers(max(1, len(mel) - length)))
    power = np.exp(mel[at: at + length])
    return Piece(power, np.zeros(1, np.int64), np.zeros(1), np.array([float(len(power))]),
                 np.zeros((0, 2)), {}, True, np.ones(len(power), bool), mixing.UNCLEAR, False, {})


def draw_row(library: Library, rng: Rng, crop: bool, real_share: float) -> Row:
    p, kind = turn_piece(library, rng, crop, real_share)
    lead = int(rng.integers(4, 30 if crop or rng.random() < 0.7 else 100))
    tail = int(rng.integers(16, 30) if crop else rng.integers(28, 50 if rng.random() < 0.75 else 130))
    before, previous = 0, None
    if not crop and rng.random() < (0.5 if p is not None and p.intent in mixing.NODS else 0.14):
        u = library.speech[rng.integers(len(library.speech))]
        keep = len(u.words) - 1
        previous = mixing.piece(u, rng, max(0, keep - 4), keep, False)
        before = len(previous.mel) + int(rng.integers(16, 60))
    length = len(p.mel) if p is not None else int(rng.integers(80, 220))
    at = before + lead
    hops = -(-(at + length + tail) // MELS_PER_FRAME) * MELS_PER_FRAME
    speech = np.full((hops, MELS), 1e-9, np.float32)
    if previous is not None:
        speech[: len(previous.mel)] = previous.mel * 10 ** rng.uniform(-0.5, 0.3)
    if p is not None:
        speech[at: at + length] += p.mel
    fresh = -(-before // MELS_PER_FRAME)
    if before and rng.random() < 0.15:  # a turn that is told late
        fresh = min((at + 16) // MELS_PER_FRAME, hops // MELS_PER_FRAME - 1)
    if not crop and rng.random() < (0.6 if p is None else 0.12):
        add_event(speech, library, rng, at, at + length if p is not None else at)
    snr = speech_to_noise(rng) if p is not None else rng.uniform(-6, 40)
    unclear = False
    if not crop and kind == "turn" and rng.random() < 0.025:
        snr, unclear = rng.uniform(-12, -5), True
    speech = on_the_line(speech, rng)
    noise = line_noise(library, rng, hops, snr)
    if not crop and rng.random() < 0.25:
        gate(noise, rng, at, at + length)
    if rng.random() < 0.33:
        telephone(speech, noise, rng)
    aligned, phones = (np.zeros(hops // 4, np.int64), np.zeros(hops // 4, np.int64))
    if p is not None:
        aligned, phones = mixing.aligned_targets(hops // 4, at, p)
    ctc = np.zeros(0, np.int64) if p is None else (p.words if p.known and len(p.words) else None)
    if previous is not None:
        aligned[: (before + 14) // 4] = IGNORE
        phones[: (before + 14) // 4] = IGNORE
        if ctc is not None and previous.known and kind != "silence":
            ctc = np.concatenate([previous.words, ctc])
        else:
            ctc = None
    if unclear:
        ctc = None
    t = mixing.targets(hops, fresh, at, p, unclear)
    if previous is not None:
        t["voice"][: -(-(before + 20) // 8)] = IGNORE
    gain = rng.triangular(-20, -5, 8) / NATURAL_DB
    return Row(speech, noise, float(gain), fresh, ctc, aligned, phones, **t)


def add_event(speech: np.ndarray, library: Library, rng: Rng, first: int, last: int) -> None:
    """A cough before or after what is said (or anywhere, where nothing is said)."""
    for _ in range(int(rng.integers(1, 3))):
        event = np.exp(library.coughs[rng.integers(len(library.coughs))].astype(np.float32))
        event = event[: 80] * 10 ** rng.uniform(-1.5, 0.6)
        places = [(0, first - len(event) - 4), (last + 16, len(speech) - len(event))]
        if first == last:
            places = [(0, len(speech) - len(event))]
        places = [(a, b) for a, b in places if b > a]
        if places:
            low, high = places[rng.integers(len(places))]
            at = int(rng.integers(low, high))
            speech[at: at + len(event)] += event[: len(speech) - at]


def speech_to_noise(rng: Rng) -> float:
    roll = rng.random()
    return rng.uniform(24, 50) if roll < 0.32 else rng.uniform(4, 24) if roll < 0.94 else rng.uniform(0, 4)


def on_the_line(speech: np.ndarray, rng: Rng) -> np.ndarray:
    """Room and microphone: a decaying smear, a tilt, a slow ripple over frequency."""
    if rng.random() < 0.25:
        decay = 10 ** (-6 / (rng.uniform(0.15, 0.9) * 100))
        smear = lfilter([0, 1 - decay], [1, -decay], speech, axis=0).astype(np.float32)
        speech = speech + smear * rng.uniform(0.05, 0.7)
    axis = np.linspace(-1, 1, MELS)
    shape = rng.normal(0, 0.7) * axis
    for waves, size in ((3.14, 0.4), (9.4, 0.2)):
        shape += rng.normal(0, size) * np.cos(axis * waves + rng.uniform(0, 6.3))
    return speech * np.exp(shape + 0.0).astype(np.float32)


def line_noise(library: Library, rng: Rng, hops: int, snr: float) -> np.ndarray:
    """A stretch of noise `snr` dB below −20 dBFS, and a quiet floor."""
    if rng.random() < 0.3:
        part = fresh_babble(library, rng, hops)
    else:
        one = library.noise[rng.integers(len(library.noise))]
        at = int(rng.integers(max(1, len(one) - hops)))
        part = np.exp(np.resize(one[at: at + hops], (hops, MELS)).astype(np.float32))
    floor = 4e-5 * 10 ** ((rng.uniform(-95, -55) + 72) / 10)
    return part * 10 ** (-snr / 10) + np.float32(floor)


def gate(noise: np.ndarray, rng: Rng, first: int, last: int) -> None:
    """The line is dead before or after what is said, as recordings and some telephones have it."""
    roll = rng.random()
    if roll < 0.75:
        noise[last + int(rng.integers(0, 30)):] = 1e-9
    if roll > 0.4:
        noise[: max(0, first - int(rng.integers(0, 30)))] = 1e-9


def fresh_babble(library: Library, rng: Rng, hops: int) -> np.ndarray:
    """Power of 3–9 people talking at once in a room, as loud as the speech is."""
    total = np.full((hops, MELS), 1e-6, np.float32)
    for _ in range(int(rng.integers(3, 10))):
        at, share = -int(rng.integers(0, 150)), rng.uniform(0.1, 1)
        while at < hops:
            mel = library.speech[rng.integers(len(library.speech))].mel
            begin = max(0, -at)
            end = min(len(mel), hops - at)
            if end > begin:
                total[at + begin: at + end] += np.exp(mel[begin: end].astype(np.float32)) * share
            at += len(mel) + int(rng.integers(0, 60))
    decay = 10 ** (-6 / (rng.uniform(0.3, 1.0) * 100))
    smear = lfilter([1 - decay], [1, -decay], total, axis=0).astype(np.float32)
    total = smear + total * rng.uniform(0.1, 1.0)
    return total * np.float32(LOUD / np.maximum(total.mean(axis=0).sum(), 1e-3))


def telephone(speech: np.ndarray, noise: np.ndarray, rng: Rng) -> None:
    """300–3400 Hz, with the noise of an 8-bit codec that follows the speech."""
    low, high = rng.uniform(200, 350), rng.uniform(3200, 3700)
    outside = np.maximum((low - CENTRES_HZ) / low * 16, (CENTRES_HZ - high) / 250 * 10)
    outside = outside.clip(0, rng.uniform(5, 15))
    keep = np.exp(-outside).astype(np.float32)
    speech *= keep
    noise *= keep
    inside = keep > 0.5
    codec = speech.mean(axis=1, keepdims=True) * 10 ** rng.uniform(-4.2, -3.4)
    noise[:, inside] += codec


def features(rows: list[Row], rng: Rng, mask: bool) -> Tensor:
    """Log-mels [B, 8 T, MELS] of rows, padded with their noise. Speech and noise add as waves do:
    with a random phase, less so in wide bands."""
    hops = max(len(r.speech) for r in rows)
    result = np.zeros((len(rows), hops, MELS), np.float32)
    for i, row in enumerate(rows):
        n = len(row.speech)
        power = row.speech + row.noise
        cross = np.sqrt(row.speech * row.noise) * rng.standard_normal(power.shape, np.float32)
        power = np.maximum(power + 1.2 * cross / np.sqrt(BIN_COUNT).astype(np.float32), power * 0.05)
        power *= np.exp(row.gain)
        if mask and rng.random() < 0.4:
            width, at = int(rng.integers(1, 7)), int(rng.integers(0, MELS - 7))
            power[:, at: at + width] = power[:, at: at + width].mean() * 0.1
        if mask and rng.random() < 0.25:
            width, at = int(rng.integers(2, 9)), int(rng.integers(0, n - 10))
            power[at: at + width] = row.noise[at: at + width] * np.exp(row.gain)
        result[i, :n] = power
    return log_mel(torch.from_numpy(result))


def stacked(rows: list[Row], name: str) -> Tensor:
    """A target of all rows, padded with IGNORE."""
    parts = [torch.from_numpy(getattr(r, name)) for r in rows]
    return torch.nn.utils.rnn.pad_sequence(parts, batch_first=True, padding_value=IGNORE)
