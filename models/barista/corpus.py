"""Makes the synthetic corpus: sentences of `grammar`, spoken by `callers`, kept as mel power.

A chunk is a file of CHUNK utterances with a seed of its own, so that two processes make the same
corpus as one. Noise, rooms, gain, telephone, pauses and timing are added while training (mixing.py).
"""

from __future__ import annotations

import multiprocessing
import pickle
import random
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

import callers
import sounds
from callers import RATE_HZ, Spoken
from grammar import Sentence, random_sentence
from listener import HOP_SAMPLES, WINDOW_SAMPLES, MelFront
from listener_names import WORDS

CHUNK = 250
CHUNKS = 48
NOISE_CHUNKS = 6
PHONE_NAMES = ("pau aa ae ah ao aw ax ay b ch d dh eh er ey f g hh ih iy jh k l m n ng ow oy p r s sh "
               "t th uh uw v w y z zh").split()
# Share of the voices. flite's slt, rms and awb sound best and take longest (0.1 s a sentence).
VOICES = {"slt": 14, "rms": 14, "awb": 12, "kal16": 6, "kal": 3, "ked": 8, "hts": 7, "espeak": 40}
WORD_CLASS = {word: i + 1 for i, word in enumerate(WORDS)}


@dataclass
class Utterance:
    """One utterance. Times count hops of 10 ms from the first of `mel`."""

    mel: np.ndarray  # [hops, MELS] float16, natural log of mel power (speech near −20 dBFS)
    words: np.ndarray  # classes; 0 where a word has none
    starts: np.ndarray
    ends: np.ndarray
    phones: np.ndarray  # [n, 2]: class, end; empty where unknown
    slots: dict[int, list[tuple[str, int]]]
    complete: list[bool]
    intent: int
    voice: str
    text: str = ""
    known: bool = True
    final: dict[str, int] = field(default_factory=dict)  # real clips: the labels


def log_mels(front: MelFront, sound: np.ndarray) -> np.ndarray:
    """Natural log of mel power, a hop for every 10 ms; the window of hop i ends at 10 ms (i + 1)."""
    padded = np.concatenate([np.zeros(WINDOW_SAMPLES - HOP_SAMPLES, np.float32), sound])
    with torch.no_grad():
        power = front(torch.from_numpy(padded.astype(np.float32))[None])[0]
    return torch.log(power + 1e-7).numpy().astype(np.float16)


def to_level(sound: np.ndarray, dbfs: float) -> np.ndarray:
    """Speech level by its loud half."""
    frames = sound[: len(sound) // 320 * 320].reshape(-1, 320)
    power = np.sort((frames**2).mean(axis=1))[len(frames) // 2:]
    return (sound * 10 ** (dbfs / 20) / (np.sqrt(power.mean()) + 1e-9)).astype(np.float32)


def utterance(front: MelFront, sentence: Sentence, spoken: Spoken, rng: np.random.Generator) -> Utterance:
    lead = max(0.0, spoken.starts[0] - 0.05)
    stop = min(len(spoken.sound) / RATE_HZ, spoken.ends[-1] + 0.06)
    sound = to_level(spoken.sound[int(lead * RATE_HZ): int(stop * RATE_HZ)], -20)
    if rng.random() < 0.2:
        sound = sounds.echoed(sound, rng.uniform(0.15, 0.7), rng)
    hops = 100.0

    def times(values: list[float]) -> np.ndarray:
        return (np.asarray(values) - lead) * hops

    phones = [(PHONE_NAMES.index(n), (e - lead) * hops) for n, e in spoken.phones if n in PHONE_NAMES]
    return Utterance(
        mel=log_mels(front, sound), words=np.array([WORD_CLASS.get(w, 0) for w in sentence.words]),
        starts=times(spoken.starts), ends=times(spoken.ends),
        phones=np.array(phones).reshape(-1, 2), slots=sentence.slots, complete=sentence.complete,
        intent=sentence.intent_class(), voice=spoken.voice, text=sentence.text(),
        known=sentence.known())


def speak_chunk(seed: int, count: int) -> list[tuple[Sentence, Spoken]]:
    rng = random.Random(seed)
    sentences = [random_sentence(rng) for _ in range(count)]
    voices = rng.choices(list(VOICES), list(VOICES.values()), k=count)
    sizes = [round(rng.triangular(84, 122, 100)) for _ in range(count)]
    # A larger mouth speaks slower too; half of that is taken back.
    stretches = [rng.triangular(0.75, 1.3, 0.95) * (sizes[i] / 100) ** 0.5 for i in range(count)]
    spoken: list[Spoken | None] = [None] * count
    for voice in callers.FESTIVAL:
        mine = [i for i in range(count) if voices[i] == voice]
        said = callers.speak_festival([sentences[i].text() for i in mine], voice,
                                      [stretches[i] for i in mine])
        for i, one in zip(mine, said):
            spoken[i] = one
    for i in range(count):
        pitch = rng.triangular(0.75, 1.35, 1.0)
        try:
            if voices[i] in callers.FLITE:
                spoken[i] = callers.speak_flite(sentences[i].text(), voices[i], stretches[i], pitch)
            elif voices[i] == "espeak":
                spoken[i] = callers.random_espeak(sentences[i].text(), rng)
        except ValueError:
            continue
    return [(sentences[i], callers.resized(one, sizes[i])) for i, one in enumerate(spoken)
            if one is not None and len(one.starts) == len(sentences[i].words)]


def make_chunk(job: tuple[int, int, Path]) -> int:
    number, seed, folder = job
    path = folder / f"speech-{number:03d}.pickle"
    if path.exists():
        return 0
    torch.set_num_threads(1)
    front = MelFront()
    rng = np.random.default_rng([seed, number])
    made = [utterance(front, s, p, rng) for s, p in speak_chunk(seed * 1000 + number, CHUNK)]
    partial = path.with_suffix(".part")
    partial.write_bytes(pickle.dumps(made))
    partial.rename(path)
    return len(made)


def make_noise(job: tuple[int, int, Path]) -> int:
    """A minute of every kind of noise, a minute of babble for each of the others, and 60 coughs."""
    number, seed, folder = job
    path = folder / f"noise-{number:03d}.pickle"
    if path.exists():
        return 0
    torch.set_num_threads(1)
    front = MelFront()
    rng = np.random.default_rng([seed, 7, number])
    voices = [p.sound for _, p in speak_chunk(seed * 1000 + 900 + number, 120)]
    minute = 60 * RATE_HZ
    kinds = [
        *(("babble", sounds.babble(minute, voices, rng)) for _ in range(3)),
        *(("clatter", sounds.clatter(minute, rng)) for _ in range(2)),
        ("steam", sounds.steam(minute, rng)), ("hum", sounds.hum(minute, rng)),
        ("room", sounds.room(minute, rng)),
        ("cafe", sounds.unit(sounds.babble(minute, voices, rng) + 0.6 * sounds.clatter(minute, rng)
                             + 0.3 * sounds.steam(minute, rng))),
        ("kitchen", sounds.unit(sounds.clatter(minute, rng) + 0.7 * sounds.steam(minute, rng)
                                + 0.4 * sounds.hum(minute, rng))),
    ]
    noise = {"noise": [(kind, log_mels(front, sound * 0.1)) for kind, sound in kinds],
             "coughs": [log_mels(front, sounds.cough(rng)) for _ in range(60)]}
    path.write_bytes(pickle.dumps(noise))
    return len(kinds)


def make(folder: Path, seed: int, processes: int = 2, chunks: int = CHUNKS) -> None:
    """The whole corpus into `folder`; what is there already stays."""
    folder.mkdir(parents=True, exist_ok=True)
    # A process for each chunk: the synthesisers keep something from one sentence to the next.
    with multiprocessing.Pool(processes, maxtasksperchild=1) as pool:
        for done, _ in enumerate(pool.imap(make_noise, [(i, seed, folder) for i in range(NOISE_CHUNKS)])):
            print("noise", done + 1, "of", NOISE_CHUNKS, flush=True)
        jobs = [(i, seed, folder) for i in range(chunks)]
        for done, count in enumerate(pool.imap_unordered(make_chunk, jobs)):
            print("speech", done + 1, "of", chunks, count, flush=True)
