"""Trains the listener: `train(work, data, scale, seed)`. One core.

First crops of 2–7 words (so that CTC leaves its plateau), then whole turns.
The real clips come without transcripts: until the model can align them they teach slots at their end
only, then align.py finds their words, again and again.
"""

from __future__ import annotations

import copy
import math
import os
import pickle
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch
from scipy.signal import resample_poly
from torch import Tensor
from torch.nn import functional as F

import align
import rows as make_rows
from corpus import Utterance, log_mels, to_level
from listener import HIDDEN, PHONES, Listener, MelFront, log_mel
from listener_names import INTENTS, WORD_CLASSES, WORDS
from mixing import IGNORE, Row
from recordings import Clip
from rows import Library

BATCH = 32
POOL = 6  # batches drawn together and sorted by length
REAL = 0.42  # share of the rows
AT_THE_END = 5.0
ALIGN_EVERY = 500
SPEEDS = (100, 92, 108, 86, 116)  # the first must be 100
EMA = 0.998
FRONT = MelFront()


def real_utterance(clip: Clip, percent: int = 100) -> Utterance:
    """A clip as long as its words are unknown; played at another speed, it is another speaker."""
    mel = clip.mel[max(0, clip.starts_hop - 4): clip.ends_hop + 5]
    if percent != 100:
        sound = resample_poly(clip.sound, 100, percent).astype(np.float32)
        first, last = (int(hop * 100 / percent) for hop in (clip.starts_hop - 4, clip.ends_hop + 5))
        mel = log_mels(FRONT, to_level(sound, -20))[max(0, first): last]
    return Utterance(mel=mel, words=np.zeros(1, np.int64), starts=np.zeros(1),
                     ends=np.array([float(len(mel))]), phones=np.zeros((0, 2)), slots={},
                     complete=[True], intent=INTENTS.index("order"), voice="real", known=False,
                     final=clip.classes())


def align_real(model: Listener, clips: list[Clip], real: list[Utterance]) -> None:
    """Gives all variants in `real` words and times, found in the first one by the model as it is."""
    for i, clip in enumerate(clips):
        u = real[i * len(SPEEDS)]
        quiet = np.full((40, u.mel.shape[1]), -9.0, np.float32)
        mel = np.concatenate([quiet[:16], u.mel.astype(np.float32), quiet])
        mel = mel[: len(mel) // 8 * 8]
        with torch.no_grad():
            zero = torch.zeros(1, HIDDEN)
            hidden, _ = model.trunk(log_mel(torch.from_numpy(np.exp(mel)))[None], zero, zero)
            logs = model.word_logs(hidden)[0].flatten(0, 1).numpy()
        with_words(u, align.best_path(logs, *align.automaton(clip.slots, clip.classes())))
        for other in real[i * len(SPEEDS) + 1: (i + 1) * len(SPEEDS)]:
            by = len(other.mel) / len(u.mel)
            other.words, other.slots, other.known, other.complete = u.words, u.slots, True, u.complete
            other.starts, other.ends = u.starts * by, u.ends * by


def with_words(u: Utterance, found: align.Spelt) -> Utterance:
    """CTC tells a word when it is over and a little later still; ends go to the quietest hop near."""
    loudness = u.mel.astype(np.float32).mean(axis=1)
    ends = []
    for i, place in enumerate(found.starts):
        guess = 4 * (place + 1) - 16 - 10
        low = max(guess - 8, int(ends[-1]) + 4 if ends else 4)
        high = min(max(guess + 9, low + 1), len(loudness))
        end = low + int(loudness[low: high].argmin()) if high > low else min(low, len(loudness) - 1)
        ends.append(float(min(end, len(loudness) - 1)))
    ends[-1] = float(len(loudness))
    u.words, u.ends = np.array(found.words), np.array(ends)
    u.starts = np.concatenate([[0.0], u.ends[:-1]])
    u.slots = found.slots
    u.known = True
    drink = min((i for i, marks in found.slots.items() if marks[0][0] == "coffeeDrink"), default=0)
    u.complete = [i >= drink and i in found.slots for i in range(len(found.words))]
    u.complete[-1] = True
    return u


def shifted(x: Tensor, fresh: Tensor, fill: float) -> Tensor:
    """Rows [B, T, …] moved so that each begins at its own frame `fresh`."""
    at = torch.arange(x.shape[1])[None, :] + fresh[:, None]
    index = at.clamp(max=x.shape[1] - 1)
    moved = x[torch.arange(len(x))[:, None], index]
    beyond = (at >= x.shape[1]).view(*at.shape, *[1] * (x.dim() - 2))
    return torch.where(beyond, torch.full((), fill, dtype=x.dtype), moved)


def losses(model: Listener, rows: list[Row], features: Tensor, state: tuple[Tensor, Tensor],
           crop: bool) -> tuple[dict[str, Tensor], tuple[Tensor, Tensor]]:
    hidden, state = model.trunk(features, *state)
    words = model.word_logs(hidden)
    halves = words.flatten(1, 2)
    known = [i for i, r in enumerate(rows) if r.ctc is not None]
    labels = [torch.from_numpy(rows[i].ctc) for i in known]
    ctc = F.ctc_loss(halves[known].transpose(0, 1), torch.cat(labels),
                     torch.tensor([len(rows[i].speech) // 4 for i in known]),
                     torch.tensor([len(x) for x in labels]), reduction="mean", zero_infinity=True)

    def entropy(logits: Tensor, target: Tensor) -> Tensor:
        return F.cross_entropy(logits.flatten(0, -2), target.flatten(), ignore_index=IGNORE)

    result = {
        "ctc": ctc,
        "aligned": entropy(model.aligned(hidden).unflatten(-1, (2, WORD_CLASSES)).flatten(1, 2),
                           make_rows.stacked(rows, "aligned")),
        "phones": entropy(model.phones(hidden).unflatten(-1, (2, PHONES)).flatten(1, 2),
                          make_rows.stacked(rows, "phones")),
    }
    if crop:
        return result, state
    fresh = torch.tensor([r.fresh for r in rows])
    turn = model.turns(shifted(hidden, fresh, 0.0), shifted(words, fresh, -5.0))
    wanted = shifted(make_rows.stacked(rows, "slots"), fresh, IGNORE)
    intent = shifted(make_rows.stacked(rows, "intent"), fresh, IGNORE)
    heavy = torch.where(intent != IGNORE, AT_THE_END, 1.0).flatten()  # a finished turn is what is read

    def weighed(logits: Tensor, target: Tensor) -> Tensor:
        each = F.cross_entropy(logits.flatten(0, -2).float(), target.flatten(), ignore_index=IGNORE,
                               reduction="none")
        return (each * heavy).sum() / (heavy * (target.flatten() != IGNORE)).sum().clamp(min=1)

    result["slots"] = torch.stack([weighed(head(turn), wanted[:, :, i]) * (2.0 if "Amount" in name else 1.0)
                                   for i, (name, head) in enumerate(model.slots.items())]).sum()
    result["pending"] = entropy(model.pending(turn), shifted(make_rows.stacked(rows, "pending"), fresh, IGNORE))
    result["intent"] = entropy(model.intent(turn), intent)
    floor = shifted(make_rows.stacked(rows, "floor"), fresh, IGNORE)
    told = floor != IGNORE
    result["floor"] = F.binary_cross_entropy_with_logits(
        model.floor(turn).squeeze(-1)[told], floor[told].float())
    result["act"] = entropy(model.act(turn), shifted(make_rows.stacked(rows, "act"), fresh, IGNORE))
    voice = make_rows.stacked(rows, "voice")
    heard = voice != IGNORE
    result["voice"] = F.binary_cross_entropy_with_logits(
        model.voice(hidden).squeeze(-1)[heard], voice[heard].float())
    return result, state


def weights(progress: float) -> dict[str, float]:
    helping = 1.0 if progress < 0.5 else 0.4
    return {"ctc": 0.8, "aligned": 0.5 * helping, "phones": 0.4 * helping, "slots": 1.0,
            "pending": 0.5, "intent": 0.6, "act": 0.6, "voice": 0.2, "floor": 0.3}


def learning_rate(progress: float, peak: float) -> float:
    if progress < 0.04:
        return peak * (progress / 0.04)
    return peak * (0.5 + 0.5 * math.cos(math.pi * (progress - 0.04) / 0.96)) + 1e-6


def strange_speech(data: Path) -> list[np.ndarray]:
    """The first half of the other real speech in ../shared/data; evaluation uses the rest."""
    result = []
    for path in sorted((data / "speech").glob("*.*")):
        sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
        mono = resample_poly(sound.mean(axis=1), 16_000, rate).astype(np.float32)
        result.append(log_mels(FRONT, to_level(mono[: len(mono) // 2], -20)))
    return result


@dataclass(frozen=True)
class Cycle:
    """A stretch of training with a learning rate that warms up and falls to nothing."""

    steps: int
    peak: float
    crops: float  # share of its steps on crops, at its beginning
    align_from: float  # its progress from which on the words of the real clips are used
    splice_from: float
    spliced: float  # share of real rows put together from two clips
    drop: float = 0.04  # dropout


CYCLES = (Cycle(4500, 1.6e-3, 0.3, 0.4, 0.5, 0.35), Cycle(1200, 1.1e-3, 0.0, 0.0, 0.0, 0.4),
          Cycle(2300, 1.1e-3, 0.0, 0.0, 0.0, 0.4), Cycle(1500, 0.8e-3, 0.0, 0.0, 0.0, 0.4),
          Cycle(5500, 1.2e-3, 0.0, 0.0, 0.0, 0.55, 0.1), Cycle(2400, 0.9e-3, 0.0, 0.0, 0.0, 0.55, 0.1))
MEAN_OF = 2  # last cycles, whose weights are averaged: steadier than either


class Trainer:
    """One cycle, from the weights it is given; `kept` is the running mean of the weights."""

    def __init__(self, library: Library, clips: list[Clip], model: Listener, rng: np.random.Generator,
                 draft: Path) -> None:
        self.library, self.clips, self.model, self.rng = library, clips, model, rng
        self.kept = copy.deepcopy(model)
        self.state = (torch.zeros(BATCH, HIDDEN), torch.zeros(BATCH, HIDDEN))
        self.pool: list[list[Row]] = []
        self.draft = draft

    def batch(self, crop: bool) -> list[Row]:
        if not self.pool:
            drawn = [make_rows.draw_row(self.library, self.rng, crop, REAL) for _ in range(BATCH * POOL)]
            drawn.sort(key=lambda r: len(r.speech))
            self.pool = [drawn[i: i + BATCH] for i in range(0, len(drawn), BATCH)]
            self.rng.shuffle(self.pool)  # type: ignore[arg-type]
        return self.pool.pop()

    def losses(self, rows: list[Row], crop: bool) -> dict[str, Tensor]:
        """Half of the rows go on from the trunk state that some row of the batch before has left."""
        features = make_rows.features(rows, self.rng, mask=not crop)
        carry = (torch.rand(BATCH, 1) < 0.5).float()
        mixed = torch.randperm(BATCH)
        state = (self.state[0][mixed].detach() * carry, self.state[1][mixed].detach() * carry)
        with torch.autocast("cpu", torch.bfloat16):
            parts, after = losses(self.model, rows, features, state, crop)
        self.state = (after[0].float(), after[1].float())
        return parts

    def use_words(self, spliced: float) -> None:
        self.model.eval()
        align_real(self.model, self.clips, self.library.real)
        self.model.train()
        self.library.spliced = spliced
        print("aligned:", *[library_text(u) for u in self.library.real[:15: len(SPEEDS)]], sep="\n  ")

    def run(self, cycle: Cycle, steps: int) -> Listener:
        self.model.drop.p = cycle.drop
        optimizer = torch.optim.AdamW(self.model.parameters(), betas=(0.9, 0.98), weight_decay=0.01)
        began, sums = time.time(), dict[str, float]()
        for step in range(steps):
            progress = step / steps
            crop = progress < cycle.crops
            if not crop and not self.library.real:
                self.library.real = [real_utterance(c, s) for c in self.clips for s in SPEEDS]
                self.pool = []
            if progress >= cycle.align_from and step % ALIGN_EVERY == 0:
                self.use_words(cycle.spliced if progress >= cycle.splice_from else 0.0)
            parts = self.losses(self.batch(crop), crop)
            scale = weights(progress if cycle.crops else 1.0)
            optimizer.zero_grad()
            torch.stack([scale[n] * value for n, value in parts.items()]).sum().backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 2.0)
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(progress, cycle.peak)
            optimizer.step()
            share = min(EMA, (1 + step) / (10 + step))
            with torch.no_grad():
                for a, b in zip(self.kept.parameters(), self.model.parameters()):
                    a.lerp_(b, 1 - share)
            for name, value in parts.items():
                sums[name] = sums.get(name, 0.0) + float(value.detach())
            if (step + 1) % 50 == 0:
                print(step + 1, f"{time.time() - began:.0f} s",
                      *(f"{n} {v / 50:.3f}" for n, v in sums.items()), flush=True)
                sums = {}
            if (step + 1) % 600 == 0:
                save(self.draft, self.kept, 0)
        return self.kept


def train(work: Path, data: Path, scale: float, seed: int) -> Path:
    """All cycles, `scale` times as long; WORK/cycle-N.pt is kept after each, and a cycle whose file is there is not run."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    library = Library(work / "data", strange_speech(data))
    clips: list[Clip] = pickle.loads((work / "recordings.pickle").read_bytes())
    clips = [c for c in clips if not c.held_out]
    model = Listener()
    print(len(library.speech), "synthetic and", len(clips), "real utterances;",
          sum(p.numel() for p in model.parameters()), "parameters", flush=True)
    for number, cycle in enumerate(CYCLES):
        path = work / f"cycle-{number + 1}.pt"
        if not path.exists():
            torch.manual_seed(seed * 100 + number)
            trainer = Trainer(library, clips, model, np.random.default_rng([seed, number]),
                              work / "draft.pt")
            save(path, trainer.run(cycle, round(scale * cycle.steps)), seed)
        model.load_state_dict(torch.load(path, weights_only=True)["model"])
    states = [torch.load(work / f"cycle-{len(CYCLES) - i}.pt", weights_only=True)["model"] for i in range(MEAN_OF)]
    model.load_state_dict({n: sum(s[n] for s in states) / MEAN_OF for n in states[0]})
    save(work / "listener.pt", model, seed)
    return work / "listener.pt"


def library_text(u: Utterance) -> str:
    return " ".join(WORDS[w - 1] for w in u.words) + f" ({u.ends[-1] / 100:.1f} s)"


def save(path: Path, model: Listener, seed: int) -> None:
    partial = path.with_suffix(".part")
    torch.save({"model": model.state_dict(), "seed": seed}, partial)
    os.replace(partial, path)
