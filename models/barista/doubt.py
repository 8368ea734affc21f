"""How likely an order was understood right: a logistic rule over a few figures of one turn.

`python make.py weigh` fits it to training recordings and fresh synthetic callers in noise and on the
telephone, never to what is held out, and writes WORK/doubt.json.
"""

from __future__ import annotations

import json
import pickle
import random
from pathlib import Path

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor, nn

# How far the best order is before the next; log-probability of all its slots, and of the least likely
# one, by the heads; what the words lose by this path against their best, by any path against no
# grammar at all, and that a frame; whether the heads alone say the same; a word that the order needs
# and none heard, and the other way round; that it is an order at all.
FEATURES = ["sure", "heads_all", "heads_least", "path_loss", "path_cost", "path_rate", "alike",
            "missing", "extra", "intent"]
ORDER_INTENTS = 2  # the first two


class Doubt(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("weights", torch.zeros(len(FEATURES) + 1), persistent=False)

    def set(self, weights: dict[str, float]) -> None:
        self.weights = torch.tensor([weights[n] for n in [*FEATURES, "bias"]], dtype=torch.float32)

    @staticmethod
    def features(chosen: dict[str, Tensor], outputs: dict[str, Tensor]) -> Tensor:
        """[B, FEATURES], from Decoder.choose and the listener's outputs."""
        intent = torch.softmax(outputs["intent"], dim=1)[:, :ORDER_INTENTS].sum(dim=1)
        values = {**chosen, "missing": outputs["missing"], "extra": outputs["extra"],
                  "intent": intent.clamp(min=1e-6).log(),
                  "heads_all": chosen["heads_all"].clamp(min=-12),
                  "heads_least": chosen["heads_least"].clamp(min=-8)}
        return torch.stack([values[n] for n in FEATURES], dim=1)

    def forward(self, chosen: dict[str, Tensor], outputs: dict[str, Tensor]) -> Tensor:
        """Probability [B]."""
        weighed = self.features(chosen, outputs) * self.weights[:-1]
        return torch.sigmoid(weighed.sum(dim=1) + self.weights[-1])


def fitted(features: np.ndarray, right: np.ndarray) -> dict[str, float]:
    """Logistic regression with a little shrinking."""
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    scaled = (features - mean) / spread

    def loss(w: np.ndarray) -> float:
        chance = 1 / (1 + np.exp(-(scaled @ w[1:] + w[0])))
        fit = np.where(right, np.log(chance + 1e-9), np.log(1 - chance + 1e-9)).mean()
        return float(-fit + 1e-3 * (w[1:] ** 2).sum())

    found = minimize(loss, np.zeros(features.shape[1] + 1)).x
    weights = found[1:] / spread
    return {**{n: float(v) for n, v in zip(FEATURES, weights)},
            "bias": float(found[0] - (weights * mean).sum())}


def callers_to_weigh(work: Path, seed: int) -> list[tuple[np.ndarray, float, dict[str, str], bool]]:
    """Sound on its line, end of the speech in s, slots, whether it is an order."""
    import callers
    from corpus import speak_chunk
    from evaluate import RATE_HZ, conditions, evaluation_noises
    from evaluate_talk import UNSEEN, final_slots
    from grammar import random_sentence
    from listener_names import order_slots

    clips = [c for c in pickle.loads((work / "recordings.pickle").read_bytes()) if not c.held_out]
    said = [(c.sound, c.ends_hop / 100, c.slots, "order") for c in clips[::2]]
    draw = random.Random(seed + 55_999)
    spoken = speak_chunk(seed + 55_001, 400)
    for _ in range(240):
        s = random_sentence(draw)
        voice = "en-us" + draw.choice(UNSEEN)
        spoken.append((s, callers.speak_espeak(s.text(), voice, draw.randint(140, 190), 50, 50)))
    for s, p in spoken:
        if s.intent not in ("order", "correction", "unclear", "yes", "no", "price"):
            continue
        begin, end = int(max(0, p.starts[0] - 0.05) * RATE_HZ), int((p.ends[-1] + 0.05) * RATE_HZ)
        sound = p.sound[begin:end]
        said.append((sound, len(sound) / RATE_HZ, order_slots(final_slots(s)), s.intent))
    lines = conditions(np.random.default_rng([seed, 22]), evaluation_noises(seed + 1))
    noisy = ["cafe 6 dB", "cafe 12 dB", "kitchen 6 dB", "kitchen 12 dB", "cafe 18 dB"]
    return [(lines[line](sound), end, slots, intent in ("order", "correction"))
            for i, (sound, end, slots, intent) in enumerate(said)
            for line in (("clean", "telephone")[i % 2], noisy[i % 5])]


def fit(work: Path, seed: int) -> None:
    """Writes WORK/doubt.json for WORK/listener.pt."""
    import ears as made
    from evaluate import LEAD_S, listen, read

    torch.set_num_threads(1)
    ears = made.load(work)
    ears.doubt.forward = lambda chosen, outputs: ears.doubt.features(chosen, outputs)  # type: ignore
    callers = callers_to_weigh(work, seed)
    rows, right = [], []
    for start in range(0, len(callers), 64):
        part = callers[start: start + 64]
        for outputs, (_, end_s, slots, is_order) in zip(listen(ears, [c[0] for c in part]), part):
            r = read(outputs, LEAD_S, LEAD_S + end_s)
            if r.intent in ("order", "correction") and r.order:
                rows.append(outputs["right"][r.frame].numpy())
                right.append(is_order and r.order == slots)
    weights = fitted(np.stack(rows).astype(np.float64), np.array(right))
    (work / "doubt.json").write_text(json.dumps(weights, indent=2) + "\n")
    features = np.stack(rows) @ np.array([weights[n] for n in FEATURES]) + weights["bias"]
    for least in (0.4, 0.5, 0.6, 0.7, 0.8):
        taken = 1 / (1 + np.exp(-features)) >= least
        print(f"{least}: right {np.mean(taken & right):.3f} wrong {np.mean(taken & ~np.array(right)):.3f}")
    print(len(rows), "orders,", f"{np.mean(right):.3f} right;", {k: round(v, 2) for k, v in weights.items()})
