"""Full-duplex figures of the whole package: `python policy_duplex.py --work DIR [--folder DIR]`.

A held-out order is read back; while the agent speaks, a synthetic caller interrupts, nods, coughs or
is merely surrounded by noise. Also orders with a pause in the middle, and ten minutes of noise.
"""

import argparse
import functools
import json
import pathlib
import random

import numpy as np

import callers
import sounds
from corpus import to_level
from evaluate import evaluation_noises, real_clips
from export import OUTPUTS, zeros
from export_check import open_graph
from listener import FRAME_SAMPLES, RATE_HZ

FRAME_S = FRAME_SAMPLES / RATE_HZ
INTERRUPTIONS = ["no make it small", "actually a mocha", "no no with soy milk", "wait", "stop",
                 "sorry I meant a twelve ounce", "without sugar please", "no cancel that",
                 "change that to an americano", "hold on make that a latte"]
NODS = ["mhm", "uh huh", "hmm", "yeah", "okay", "right"]
STARTED, YIELDED = 1, 3


def spoken(text, seed):
    """A synthetic caller: sound from the first to the last word."""
    rng = random.Random(seed)
    if rng.random() < 0.5:
        p = callers.speak_flite(text, rng.choice(["rms", "awb", "kal16", "slt"]), 1.0, 1.0)
    else:
        p = callers.random_espeak(text, rng)
    begin, end = int(p.starts[0] * RATE_HZ), int(min(p.ends[-1] + 0.03, len(p.sound) / RATE_HZ) * RATE_HZ)
    return to_level(p.sound[max(0, begin):end].astype(np.float32), -23)


class Caller:
    """Says an order after the greeting, and something else while it is read back."""

    def __init__(self, order, beside, rng):
        self.order, self.beside = order, beside
        self.delay_s = rng.uniform(0.7, 1.8)
        self.queue = np.zeros(int(3.2 * RATE_HZ), np.float32)
        self.queue = np.concatenate([self.queue, order])
        self.ordered_s = len(self.queue) / RATE_HZ
        self.onset_s = self.stopped_s = self.offset_s = None
        self.ended_s = None

    def frame(self, t):
        if self.onset_s is not None and self.onset_s <= t * FRAME_S and len(self.queue) == 0 and \
                self.offset_s is None:
            self.queue = self.beside
            self.offset_s = self.onset_s + len(self.beside) / RATE_HZ
        frame = np.zeros(FRAME_SAMPLES, np.float32)
        part = self.queue[:FRAME_SAMPLES]
        frame[: len(part)] = part
        self.queue = self.queue[FRAME_SAMPLES:]
        return frame

    def heard(self, t, mark):
        now = t * FRAME_S
        if mark == STARTED and now > self.ordered_s - 0.1 and self.onset_s is None:
            self.onset_s = np.ceil((now + self.delay_s) / FRAME_S) * FRAME_S
        if self.offset_s is not None and self.stopped_s is None and mark == YIELDED:
            self.stopped_s = now + FRAME_S  # when the frame has been heard
        if self.offset_s is not None and mark == 2 and self.ended_s is None:
            self.ended_s = now


def play(graph, rows, frames, noise=None):
    names = [i.name for i in graph.get_inputs()]
    states = [z.numpy() for z in zeros(len(rows))]
    generator = np.random.default_rng(1)
    marks = []
    for t in range(frames):
        audio = np.stack([row.frame(t) for row in rows])
        audio += generator.normal(0, 2e-4, audio.shape).astype(np.float32)
        if noise is not None:
            audio += noise[t]
        n = len(rows)
        feeds = [audio, np.ones(n, bool), np.full(n, t == 0), np.zeros(n, np.int32), *states]
        out = graph.run(None, dict(zip(names, feeds)))
        states = out[len(OUTPUTS):]
        for row, mark in zip(rows, out[1]):
            row.heard(t, int(mark))
        marks.append(out[1])
    return np.array(marks)


def overlaps(graph, clips, texts, seed, make=None):
    """Share of callers whose word stopped the agent, and after how long, s from its onset."""
    rng = random.Random(seed)
    rows = []
    for i in range(48):
        clip = to_level(rng.choice(clips).sound, -23)
        beside = make(i) if make is not None else spoken(texts[i % len(texts)], seed * 1000 + i)
        rows.append(Caller(clip, beside, rng))
    play(graph, rows, 210)
    tried = [r for r in rows if r.offset_s is not None and (r.ended_s is None or r.ended_s > r.offset_s)]
    stopped = [r for r in tried if r.stopped_s is not None]
    times = [1000 * (r.stopped_s - r.onset_s) for r in stopped]
    return {"tried": len(tried), "stopped": round(len(stopped) / max(1, len(tried)), 3),
            "after ms": round(float(np.median(times))) if times else None}


class Silent:
    """Says nothing; counts what the agent begins."""

    def __init__(self):
        self.starts = []

    def frame(self, _):
        return np.zeros(FRAME_SAMPLES, np.float32)

    def heard(self, t, mark):
        if mark == STARTED:
            self.starts.append(t * FRAME_S)


def false_starts(graph, seed):
    """Starts beside the greeting in ten minutes of each noise, ten calls of a minute."""
    result = {}
    for kind, noise in evaluation_noises(seed).items():
        rows = [Silent() for _ in range(10)]
        level = 10 ** (-38 / 20)
        at = np.random.default_rng(seed).integers(0, len(noise) - FRAME_SAMPLES * 10, 10)
        frames = 750
        looped = np.concatenate([noise, noise])
        pieces = [np.stack([looped[a + (t * FRAME_SAMPLES) % (len(noise) - 60_000):][:FRAME_SAMPLES]
                            for a in at]) * level for t in range(frames)]
        play(graph, rows, frames, pieces)
        result[kind] = sum(max(0, len(r.starts) - 1) for r in rows)
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    parser.add_argument("--seed", type=int, default=8)
    given = parser.parse_args()
    graph = open_graph(given.folder / "barista.onnx")
    clips = real_clips(given.work)
    coughs = np.random.default_rng(given.seed)
    cough = functools.partial(lambda _: to_level(sounds.cough(coughs), -23))
    figures = {
        "interruptions": overlaps(graph, clips, INTERRUPTIONS, given.seed),
        "backchannels": overlaps(graph, clips, NODS, given.seed + 1),
        "coughs": overlaps(graph, clips, None, given.seed + 2, cough),
        "false starts in 10 min": false_starts(graph, given.seed),
    }
    for name, value in figures.items():
        print(f"{name:24s} {json.dumps(value)}", flush=True)


if __name__ == "__main__":
    main()
