"""How well the listener understands: held-out real orders, and fresh synthetic callers.

`python make.py evaluate` prints a table and writes WORK/evaluation.json. Sound goes through the whole
listener as a call would (log-mels of real sound, not the mixtures of training); a turn is read in the
frame in which the turn state says "finished", as the policy does.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.signal import butter, sosfilt

import ears
import sounds
from corpus import to_level
from ears import Ears
from listener import FRAME_SAMPLES, Outputs
from listener_names import INTENTS, SLOTS, order_slots
from recordings import Clip

RATE_HZ = 16_000
LEAD_S, TAIL_S = 0.6, 1.6
FINISHED, QUIET = 0.5, 3  # a turn is over: probability of "finished", frames without speech
RIGHT = 0.7  # an order is accepted when it is right with this probability (doubt.py)
Sound = np.ndarray


@dataclass
class Reading:
    """What was understood in one turn."""

    order: dict[str, str]
    intent: str
    right: float  # how likely the order is right
    frame: int
    delay_ms: float | None  # from the end of the speech to the end of the turn; None: never told
    early: bool = False  # the turn was ended within the speech


@dataclass
class Result:
    right: bool
    accepted: bool
    reading: Reading


def telephone(sound: Sound) -> Sound:
    """300–3400 Hz and 8-bit µ-law at 8 kHz, and back."""
    sos = butter(6, [300, 3400], "band", fs=RATE_HZ, output="sos")
    x = sosfilt(sos, sound)[::2].clip(-1, 1)
    code = np.round(np.sign(x) * np.log1p(255 * np.abs(x)) / np.log(256) * 127) / 127
    y = np.sign(code) * (256 ** np.abs(code) - 1) / 255
    up = np.zeros(2 * len(y))
    up[::2] = 2 * y
    return sosfilt(butter(8, 3700, fs=RATE_HZ, output="sos"), up)[: len(sound)].astype(np.float32)


def call(sound: Sound, noise: Sound | None, snr_db: float) -> Sound:
    """The utterance with quiet (or noise) around it; SNR by the speech's loud half."""
    level = 10 ** (-23 / 20)
    speech = to_level(sound, -23)
    speech = np.concatenate([np.zeros(int(LEAD_S * RATE_HZ), np.float32), speech,
                             np.zeros(int(TAIL_S * RATE_HZ), np.float32)])
    if noise is not None:
        speech = speech + sounds.unit(noise[: len(speech)]) * level * 10 ** (-snr_db / 20)
    return speech.astype(np.float32)


def listen(model: Ears, calls: list[Sound]) -> list[Outputs]:
    """Outputs of every call, frame by frame, without the batch axis."""
    frames = [len(c) // FRAME_SAMPLES for c in calls]
    result: list[Outputs] = []
    for start in range(0, len(calls), 32):
        part = calls[start: start + 32]
        longest = max(frames[start: start + 32]) * FRAME_SAMPLES
        pcm = torch.zeros(len(part), longest)
        for i, c in enumerate(part):
            pcm[i, : min(len(c), longest)] = torch.from_numpy(c[:longest])
        with torch.no_grad():
            outputs = model.sequence(pcm)
        result += [{n: v[i, : frames[start + i]] for n, v in outputs.items()} for i in range(len(part))]
    return result


def turn_ends(outputs: Outputs) -> list[int]:
    """Frames in which the turn is over by the policy's rule: something was said, the turn state is
    "finished" and the last QUIET frames hold no speech. Later frames of the same silence included."""
    finished = (torch.softmax(outputs["act"], -1)[:, 2] > FINISHED).numpy()
    voice = (outputs["voice"] > 0).numpy()
    ends, said, quiet = [], 0, 0
    for i in range(len(voice)):
        said, quiet = said + int(voice[i]), 0 if voice[i] else quiet + 1
        if said >= 2 and quiet >= QUIET and finished[i]:
            ends.append(i)
    return ends


def read(outputs: Outputs, first_s: float, end_s: float) -> Reading:
    """The turn as the policy reads it: when it is over, or in the last frame."""
    places = [i for i in turn_ends(outputs) if (i + 1) * 0.08 > first_s + 0.3]
    at = places[0] if places else len(outputs["voice"]) - 1
    delay = (at + 1) * 80 - end_s * 1000 if places else None
    intent = int(outputs["intent"][at].argmax())
    right = outputs["right"][at]
    return Reading(order=order_slots({n: int(outputs[f"order_{n}"][at]) for n in SLOTS}),
                   intent=INTENTS[intent], right=float(right) if right.dim() == 0 else 0.0, frame=at,
                   delay_ms=delay, early=delay is not None and delay < -150)


def accepted(reading: Reading) -> bool:
    return (reading.right >= RIGHT and reading.intent in ("order", "correction")
            and "coffeeDrink" in reading.order)


def conditions(rng: np.random.Generator, noises: dict[str, Sound]) -> dict[str, Callable[[Sound], Sound]]:
    """Name → what is done to an utterance."""

    def noisy(kind: str, snr_db: float) -> Callable[[Sound], Sound]:
        def make(sound: Sound) -> Sound:
            noise = noises[kind]
            at = int(rng.integers(0, len(noise) - RATE_HZ * 16))
            return call(sound, noise[at: at + RATE_HZ * 16], snr_db)
        return make

    result: dict[str, Callable[[Sound], Sound]] = {"clean": lambda s: call(s, None, 0)}
    for kind in noises:
        for snr_db in (6, 12, 18, 24):
            result[f"{kind} {snr_db} dB"] = noisy(kind, snr_db)
    result["telephone"] = lambda s: telephone(call(s, None, 0))
    return result


def evaluation_noises(seed: int) -> dict[str, Sound]:
    """Noise of the kinds trained with, from another seed: a minute each of café and kitchen."""
    from corpus import speak_chunk
    rng = np.random.default_rng([seed, 99])
    minute = 60 * RATE_HZ
    voices = [p.sound for _, p in speak_chunk(seed + 77_000, 80)]
    cafe = sounds.babble(minute, voices, rng) + 0.6 * sounds.clatter(minute, rng) \
        + 0.3 * sounds.steam(minute, rng)
    kitchen = sounds.clatter(minute, rng) + 0.7 * sounds.steam(minute, rng) + 0.4 * sounds.hum(minute, rng)
    return {"cafe": sounds.unit(cafe), "kitchen": sounds.unit(kitchen)}


def real_clips(work: Path) -> list[Clip]:
    """Held out, twins left out."""
    clips: list[Clip] = pickle.loads((work / "recordings.pickle").read_bytes())
    return [c for c in clips if c.held_out and c.twin < 0]


def score(readings: list[Reading], wanted: list[dict[str, str]]) -> dict[str, float]:
    right = np.array([r.order == w for r, w in zip(readings, wanted)])
    taken = np.array([accepted(r) for r in readings])
    delays = [r.delay_ms for r in readings if r.delay_ms is not None and not r.early]
    return {"right": right.mean(), "accepted right": (right & taken).mean(),
            "accepted wrong": (~right & taken).mean(), "asked again": (~taken).mean(),
            "never ended": np.mean([r.delay_ms is None for r in readings]),
            "ended early": np.mean([r.early for r in readings]),
            "end after ms": float(np.median(delays)) if delays else float("nan")}


def per_slot(readings: list[Reading], wanted: list[dict[str, str]]) -> dict[str, float]:
    """Share of the clips in which a slot came out as it was said (or not said)."""
    names = ["size", "roast", "numberOfShots", "coffeeDrink", "milkAmount", "sugarAmount"]
    return {n: float(np.mean([r.order.get(n) == w.get(n) for r, w in zip(readings, wanted)])) for n in names}


def evaluate_real(model: Ears, work: Path, seed: int) -> dict[str, dict[str, float]]:
    rng = np.random.default_rng([seed, 3])
    clips = real_clips(work)
    wanted = [c.slots for c in clips]
    table: dict[str, dict[str, float]] = {}
    for name, change in conditions(rng, evaluation_noises(seed)).items():
        outputs = listen(model, [change(c.sound) for c in clips])
        readings = [read(o, LEAD_S, LEAD_S + c.ends_hop / 100) for o, c in zip(outputs, clips)]
        table[name] = score(readings, wanted) | per_slot(readings, wanted)
        if name == "clean":
            for r, c in zip(readings, clips):
                if r.order != c.slots:
                    print(f"  {c.name[6:14]} {r.right:.2f} {r.intent}", diff(c.slots, r.order))
    noisy = [v for k, v in table.items() if k.endswith("dB")]
    table["mean of noise"] = {k: float(np.nanmean([v[k] for v in noisy])) for k in noisy[0]}
    return table


def diff(wanted: dict[str, str], got: dict[str, str]) -> str:
    return "; ".join(f"{n}: {wanted.get(n)} → {got.get(n)}" for n in {**wanted, **got}
                     if wanted.get(n) != got.get(n))


def show(table: dict[str, dict[str, float]]) -> None:
    columns = ["right", "accepted right", "accepted wrong", "asked again", "ended early", "never ended"]
    for name, row in table.items():
        print(f"{name:16}", *(f"{c} {100 * row[c]:5.1f} %" for c in columns if c in row),
              f"end {row.get('end after ms', float('nan')):.0f} ms")


def evaluate(work: Path, data: Path, seed: int) -> None:
    import evaluate_talk as talk

    torch.set_num_threads(1)
    model = ears.load(work)
    print("frame by frame against whole calls:", talk.check_steps(model, seed))
    table: dict[str, dict[str, float]] = evaluate_real(model, work, seed)
    show(table)
    slots = ("size", "roast", "numberOfShots", "coffeeDrink", "milkAmount", "sugarAmount")
    for line in ("clean", "mean of noise", "telephone"):
        print(f"per slot, {line}:", {n: round(table[line][n], 3) for n in slots})
    table["pauses"] = talk.evaluate_pauses(model, seed)
    table["noise alone"] = talk.evaluate_noise(model, seed)
    table["strange speech"] = talk.evaluate_strange(model, data)
    for name in ("pauses", "noise alone", "strange speech"):
        print(name, table[name])
    for name, row in talk.evaluate_talk(model, seed).items():
        print(name, {k: round(v, 3) for k, v in row.items()})
        table[name] = row
    (work / "evaluation.json").write_text(json.dumps(table, indent=2) + "\n")
