"""The real recorded orders of ../shared/data: trimmed, near-duplicates found, split by speaker.

No list of speakers exists. A speaker is guessed as a cluster of clips that sound alike in three
ways: the spectrum of the pauses (device and room), the spectrum of the speech, and the pitch. Whole
clusters are held out. What is read here stays outside the repository.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from scipy.cluster.hierarchy import fcluster, linkage

from corpus import log_mels, to_level
from listener import MelFront
from listener_names import slot_classes

RATE_HZ = 16_000
CLUSTERS = 60
HELD_OUT_SHARE = 0.2
SAME = 0.96  # correlation of two clips' mels from which on they are one recording


@dataclass
class Clip:
    name: str
    sound: np.ndarray  # trimmed to 150 ms around the speech, its own level
    slots: dict[str, str]
    mel: np.ndarray  # of the speech brought to −20 dBFS, like corpus.Utterance.mel
    speaker: int = -1
    twin: int = -1  # an earlier clip that is the same recording
    held_out: bool = False
    starts_hop: int = 0
    ends_hop: int = 0

    def classes(self) -> dict[str, int]:
        return slot_classes(self.slots)


def speech_span(sound: np.ndarray) -> tuple[int, int]:
    """First and last sample of the speech: 20 ms windows within 34 dB of the loud ones and 10 dB
    above the floor, alone-standing clicks left out."""
    windows = sound[: len(sound) // 320 * 320].reshape(-1, 320)
    level = 10 * np.log10((windows**2).mean(axis=1) + 1e-10)
    ordered = np.sort(level)
    gate = max(ordered[-len(ordered) // 20] - 34, ordered[len(ordered) // 10] + 10)
    loud = np.convolve(level > gate, np.ones(5), "same") >= 3
    places = np.flatnonzero(loud)
    return int(places[0]) * 320, int(places[-1] + 1) * 320


def load(data: Path) -> list[Clip]:
    """All clips of `data`/barista/train.jsonl, with speakers, twins and the split."""
    front = MelFront()
    clips = []
    for line in (data / "barista" / "train.jsonl").read_text().splitlines():
        entry = json.loads(line)
        sound, rate = soundfile.read(data / "barista" / entry["audio"], dtype="float32")
        if rate != RATE_HZ:
            raise ValueError(f"{entry['audio']} is not at 16 kHz")
        first, last = speech_span(sound)
        begin = max(0, first - 2400)
        part = sound[begin: last + 2400]
        clip = Clip(entry["audio"], part, entry["slots"], log_mels(front, to_level(part, -20)))
        clip.starts_hop = (first - begin) // 160
        clip.ends_hop = (last - begin) // 160
        clips.append(clip)
    find_twins(clips)
    speakers = clusters(clips)
    for clip, speaker in zip(clips, speakers):
        clip.speaker = int(speaker)
    hold_out(clips)
    return clips


def find_twins(clips: list[Clip]) -> None:
    """Marks clips whose speech is the same as an earlier clip's, at any lag up to 300 ms."""
    shapes = [c.mel[c.starts_hop: c.ends_hop].astype(np.float32).clip(min=-4) for c in clips]
    for i, one in enumerate(shapes):
        for j in range(i):
            if clips[i].slots != clips[j].slots or abs(len(one) - len(shapes[j])) > 30:
                continue
            if max(likeness(one, shapes[j], lag) for lag in range(-30, 31, 2)) > SAME:
                clips[i].twin = j
                break


def likeness(a: np.ndarray, b: np.ndarray, lag: int) -> float:
    a, b = (a[lag:], b) if lag >= 0 else (a, b[-lag:])
    n = min(len(a), len(b))
    a, b = a[:n] - a[:n].mean(), b[:n] - b[:n].mean()
    return float((a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum() + 1e-9))


def pitch_hz(sound: np.ndarray) -> float:
    """Median of the clearly voiced frames, by autocorrelation."""
    found = []
    for start in range(0, len(sound) - 800, 320):
        frame = sound[start: start + 800] - sound[start: start + 800].mean()
        spectrum = np.abs(np.fft.rfft(frame * np.hanning(800), 2048)) ** 2
        auto = np.fft.irfft(spectrum)[:400]
        lag = 40 + int(auto[40:250].argmax())
        if auto[0] > 0.05 and auto[lag] > 0.5 * auto[0]:
            found.append(RATE_HZ / lag)
    return float(np.median(found)) if found else 150.0


def clusters(clips: list[Clip]) -> np.ndarray:
    rows = []
    for clip in clips:
        quiet = np.concatenate([clip.mel[: clip.starts_hop - 3], clip.mel[clip.ends_hop + 3:]])
        quiet = quiet if len(quiet) > 3 else clip.mel
        speech = clip.mel[clip.starts_hop: clip.ends_hop].astype(np.float32)
        loud = speech[speech.mean(axis=1) > np.median(speech.mean(axis=1))]
        rows.append(np.concatenate([
            quiet.astype(np.float32).mean(axis=0)[::3] * 0.35,
            (loud.mean(axis=0) - loud.mean())[::2] * 1.0,
            loud.std(axis=0)[::4] * 0.7,
            [np.log2(pitch_hz(clip.sound)) * 6.0],
        ]))
    features = np.stack(rows)
    tree = linkage(features - features.mean(axis=0), "ward")
    return fcluster(tree, CLUSTERS, "maxclust")


def hold_out(clips: list[Clip]) -> None:
    """Whole clusters, in an order drawn once, until a fifth of the clips is held out. A cluster
    with a twin elsewhere takes that one's cluster with it."""
    group = {c.speaker: c.speaker for c in clips}

    def root(s: int) -> int:
        return s if group[s] == s else root(group[s])

    for clip in clips:
        if clip.twin >= 0:
            group[root(clip.speaker)] = root(clips[clip.twin].speaker)
    sizes: dict[int, int] = {}
    for clip in clips:
        sizes[root(clip.speaker)] = sizes.get(root(clip.speaker), 0) + 1
    chosen, count = set(), 0
    for speaker in np.random.default_rng(8).permutation(sorted(sizes)):
        if count >= HELD_OUT_SHARE * len(clips):
            break
        if sizes[speaker] <= 14:
            chosen.add(int(speaker))
            count += sizes[speaker]
    for clip in clips:
        clip.held_out = root(clip.speaker) in chosen
