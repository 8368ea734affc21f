"""Evaluation with synthetic callers: small talk, corrections, pauses, backchannels, noise, strangers.

No real recordings of these exist. The sentences are fresh; the voices are those of training, save for
the espeak-ng variants of UNSEEN.
"""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch

import callers
import sounds
from corpus import speak_chunk, to_level
from ears import Ears
from evaluate import RATE_HZ, Sound, call, evaluation_noises, listen, read, turn_ends
from grammar import Sentence, random_sentence
from listener_names import INTENTS, SLOTS, order_slots

UNSEEN = ["+boris", "+grandma", "+rob", "+marcelo", "+shelby", "+edward", "+m8", "+paul"]
COUNT = 700


def final_slots(sentence: Sentence) -> dict[str, int]:
    classes = {name: 0 for name in SLOTS}
    for _, marks in sorted(sentence.slots.items()):
        classes.update(marks)
    return classes


def spoken(seed: int) -> list[tuple[Sentence, Sound, float, str]]:
    """Fresh sentences: sentence, sound, end of the speech in seconds, voice."""
    result = []
    for s, p in speak_chunk(seed + 55_000, COUNT):
        begin = int(max(0, p.starts[0] - 0.05) * RATE_HZ)
        end = int(min(len(p.sound) / RATE_HZ, p.ends[-1] + 0.05) * RATE_HZ)
        voice = "espeak" if p.voice.startswith("espeak") else p.voice
        result.append((s, p.sound[begin:end], (end - begin) / RATE_HZ, voice))
    rng = random.Random(seed + 56_000)
    for _ in range(COUNT // 5):
        s = random_sentence(rng)
        p = callers.speak_espeak(s.text(), "en-us" + rng.choice(UNSEEN), rng.randint(140, 190), 50, 50)
        result.append((s, p.sound, p.ends[-1], "unseen"))
    return result


def evaluate_talk(model: Ears, seed: int) -> dict[str, dict[str, float]]:
    """Per voice: slots all right and intent right; per intent: right."""
    rng = np.random.default_rng([seed, 5])
    noise = evaluation_noises(seed)["cafe"]
    table: dict[str, dict[str, float]] = {}
    said = spoken(seed)
    for line, snr_db in (("clean", None), ("cafe 12 dB", 12.0)):
        calls = []
        for _, sound, _, _ in said:
            at = int(rng.integers(0, len(noise) - 16 * RATE_HZ))
            calls.append(call(sound, None if snr_db is None else noise[at:], snr_db or 0))
        groups: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
        delays = []
        for outputs, (sentence, _, length, voice) in zip(listen(model, calls), said):
            r = read(outputs, 0.6, 0.6 + length)
            slots = r.order == order_slots(final_slots(sentence)) or sentence.intent == "unclear"
            intent = r.intent == sentence.intent or {r.intent, sentence.intent} == {"order", "correction"}
            groups[f"voice {voice}"].append((slots, intent))
            groups[f"intent {sentence.intent}"].append((slots, intent))
            delays.append(9e9 if r.delay_ms is None else r.delay_ms)
        for name, pairs in sorted(groups.items()):
            slots, intents = np.mean(pairs, axis=0)
            table[f"{line}, {name}"] = {"slots": slots, "intent": intents, "count": len(pairs)}
        table[f"{line}, end"] = {"median ms": float(np.median(delays)),
                                 "early": float(np.mean(np.array(delays) < -150)),
                                 "late or never": float(np.mean(np.array(delays) > 1000))}
    return table


def evaluate_pauses(model: Ears, seed: int) -> dict[str, float]:
    """Orders with one pause of 0.3–1.2 s where they are not complete: how often the turn is taken
    in the pause, and how often the end is told within 0.8 s."""
    rng = np.random.default_rng([seed, 6])
    calls, spans = [], []
    for s, p in speak_chunk(seed + 57_000, 500):
        places = [i for i in range(len(s.words) - 1) if not s.complete[i]]
        if s.intent not in ("order", "correction") or not places:
            continue
        cut = int(p.ends[places[int(rng.integers(len(places)))]] * RATE_HZ)
        gap = np.zeros(int(rng.uniform(0.3, 1.2) * RATE_HZ), np.float32)
        end = int(min(len(p.sound), (p.ends[-1] + 0.05) * RATE_HZ))
        sound = np.concatenate([p.sound[:cut], gap, p.sound[cut:end]])
        quiet = sounds.coloured(len(sound) + 3 * RATE_HZ, 0.5, rng) * 10 ** (rng.uniform(-75, -50) / 20)
        calls.append(call(sound, None, 0) + quiet[: len(call(sound, None, 0))])
        spans.append((0.6 + cut / RATE_HZ, 0.6 + (cut + len(gap)) / RATE_HZ, 0.6 + len(sound) / RATE_HZ))
    taken, ended = [], []
    for outputs, (begin, after, end) in zip(listen(model, calls), spans):
        held = [(i + 1) * 0.08 for i in turn_ends(outputs)]
        taken.append(any(begin < t < after + 0.1 for t in held))
        ended.append(any(end - 0.1 < t < end + 0.8 for t in held))
    return {"orders": len(taken), "taken in the pause": float(np.mean(taken)),
            "end told": float(np.mean(ended))}


def evaluate_noise(model: Ears, seed: int) -> dict[str, float]:
    """Ten minutes of noise and coughs in streams of a minute: turns told that nobody took."""
    rng = np.random.default_rng([seed, 8])
    noises = evaluation_noises(seed + 1)
    streams = []
    for level in (-45, -38, -32):
        for noise in noises.values():
            streams.append(noise * 10 ** (level / 20))
    for _ in range(4):
        stream = sounds.room(60 * RATE_HZ, rng) * 10 ** (rng.uniform(-70, -45) / 20)
        for _ in range(12):
            cough = sounds.cough(rng) * rng.uniform(0.1, 1.0)
            at = int(rng.integers(0, len(stream) - len(cough)))
            stream[at: at + len(cough)] += cough
        streams.append(stream)
    finished = voiced = 0
    for outputs in listen(model, [s.astype(np.float32) for s in streams]):
        finished += int(bool(turn_ends(outputs)))
        speech = (outputs["voice"] > 0).numpy().astype(int)
        runs = np.convolve(speech, np.ones(4), "valid") >= 4
        voiced += int((np.diff(runs.astype(int)) == 1).sum())
    return {"minutes": len(streams), "minutes with a finished turn": finished,
            "320 ms of speech heard": voiced}


def evaluate_strange(model: Ears, data: Path) -> dict[str, float]:
    """The half of the other real speech that training did not see: orders invented from it."""
    import soundfile
    from scipy.signal import resample_poly
    calls = []
    for path in sorted((data / "speech").glob("*.*")):
        sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
        mono = resample_poly(sound.mean(axis=1), RATE_HZ, rate).astype(np.float32)
        mono = mono[len(mono) // 2:]
        calls += [call(mono[i: i + 3 * RATE_HZ], None, 0) for i in range(0, len(mono) - 3 * RATE_HZ, 24_000)]
    readings = [read(o, 0.6, 3.6) for o in listen(model, calls)]
    return {"pieces": len(calls),
            "orders invented": float(np.mean([r.intent in ("order", "correction") and bool(r.order)
                                              for r in readings])),
            "unclear": float(np.mean([r.intent == INTENTS[-1] for r in readings]))}


def check_steps(model: Ears, seed: int) -> float:
    """Largest difference between forward(), frame by frame, and sequence()."""
    rng = np.random.default_rng([seed, 9])
    pcm = torch.from_numpy(to_level(rng.standard_normal(3 * 1280 * 20).astype(np.float32), -25))
    pcm = pcm.view(3, -1)
    with torch.no_grad():
        whole, state, worst = model.sequence(pcm), model.initial_state(3), 0.0
        for frame in range(20):
            part = pcm[:, frame * 1280: (frame + 1) * 1280]
            outputs, state = model(part, state, torch.full((3,), frame == 0))
            worst = max(worst, *(float((outputs[n] - whole[n][:, frame]).abs().max()) for n in outputs))
    return worst
