"""Plays held-out recorded orders to the whole package, many calls at once, and reads what it says
and what it orders: `python policy_evaluate.py --work DIR [--folder DIR]`.

The same as a call through the gateway, without the gateway: bench/barista-orders.ts does that.
"""

import argparse
import functools
import json
import pathlib

import numpy as np
import soundfile

from evaluate import call, conditions, evaluation_noises, real_clips, telephone
from export import INPUTS, OUTPUTS, zeros
from export_check import open_graph
from listener import FRAME_SAMPLES, RATE_HZ
from policy import ORDER

# Quiet before the order (the greeting is over by then) and after it.
LEAD_S, TAIL_S = 3.2, 11.0
FRAME_S = FRAME_SAMPLES / RATE_HZ
ANSWER_SAMPLES = 1600


def hear(graph, sounds, words, streams):
    """What every call got to hear: [{text, calls, marks}]."""
    rows = len(sounds)
    frames = max(len(s) for s in sounds) // FRAME_SAMPLES
    audio = np.zeros((rows, frames * FRAME_SAMPLES), np.float32)
    for row, sound in zip(audio, sounds):
        row[: min(len(sound), len(row))] = sound[: len(row)]
    names = [i.name for i in graph.get_inputs()]
    states = [z.numpy() for z in zeros(rows)]
    told = [{"text": "", "calls": [], "marks": []} for _ in sounds]
    results = np.zeros(rows, np.int32)
    for t in range(frames):
        frame = audio[:, t * FRAME_SAMPLES:(t + 1) * FRAME_SAMPLES]
        feeds = [frame, np.ones(rows, bool), np.full(rows, t == 0), results, *states]
        out = graph.run(None, dict(zip(names, feeds)))
        states = out[len(OUTPUTS):]
        _, mark, called, order, text, _ = out[: len(OUTPUTS)]
        results = called.astype(np.int32)  # the tool answers at once, and well
        for row in range(rows):
            told[row]["text"] += "".join(words[i] for i in text[row])
            if mark[row]:
                told[row]["marks"].append((t * FRAME_S, int(mark[row])))
            if called[row]:
                values = {n: streams["slots"][i]["values"][order[row, i] - 1]
                          for i, n in enumerate(ORDER) if order[row, i]}
                told[row]["calls"].append(values)
    assert len(INPUTS) == 4
    return told


def prepared(make, clip):
    """One caller, and when the speech ends, s."""
    sound = make(clip.sound)
    lead = np.zeros(int((LEAD_S - 0.6) * RATE_HZ), np.float32)
    tail = np.zeros(int((TAIL_S - 1.6) * RATE_HZ), np.float32)
    if make.__name__ == "make":  # noise goes on all the time
        lead, tail = (np.resize(sound[: int(0.5 * RATE_HZ)], len(x)) for x in (lead, tail))
    whole = np.concatenate([lead, sound, tail])
    return whole, LEAD_S + (len(clip.sound) - 2400) / RATE_HZ


def write(folder, name, clips, make):
    """The same callers as WAV files with labels.jsonl, for bench/barista-orders.ts."""
    where = folder / name.replace(" ", "-")
    where.mkdir(parents=True, exist_ok=True)
    lines = []
    for clip in clips:
        sound, end_s = prepared(make, clip)
        file = pathlib.Path(clip.name).stem + ".wav"
        # `talk` sends silence of its own after the file.
        soundfile.write(where / file, sound[: int((end_s + 0.6) * RATE_HZ)], RATE_HZ)
        lines.append(json.dumps({"file": file, "slots": clip.slots}))
    (where / "labels.jsonl").write_text("\n".join(lines) + "\n")


def measure(graph, words, streams, clips, make):
    callers = [prepared(make, clip) for clip in clips]
    told = hear(graph, [sound for sound, _ in callers], words, streams)
    right = wrong = again = cut_in = 0
    delays, mistakes = [], []
    for clip, (_, end_s), heard in zip(clips, callers, told):
        if not heard["calls"]:
            again += 1
            mistakes.append((clip.name, "no order", heard["text"][-80:]))
        elif heard["calls"][0] == clip.slots:
            right += 1
        else:
            wrong += 1
            mistakes.append((clip.name, clip.slots, heard["calls"][0]))
        starts = [s for s, mark in heard["marks"] if mark == 1]
        # While the caller speaks, and not the greeting.
        cut_in += any(LEAD_S + 0.3 < s < end_s - 0.1 for s in starts)
        after = [s - end_s for s in starts if s >= end_s - 0.1]
        if after:
            delays.append(1000 * after[0])
    n = len(clips)
    figures = {"right": right / n, "wrong": wrong / n, "no order": again / n,
               "cut in": cut_in / n, "answer after ms": float(np.median(delays))}
    return figures, mistakes


@functools.cache
def opened(folder):
    words = json.loads((folder / "words.json").read_text())
    streams = json.loads((folder / "manifest.json").read_text())["streams"]
    return open_graph(folder / "barista.onnx"), words, streams


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    parser.add_argument("--quick", action="store_true", help="clean and telephone only")
    parser.add_argument("--write", type=pathlib.Path, help="write the callers there, as WAV files")
    parser.add_argument("--seed", type=int, default=8)
    given = parser.parse_args()
    clips = real_clips(given.work)
    made = {"clean": lambda s: call(s, None, 0), "telephone": lambda s: telephone(call(s, None, 0))}
    if not given.quick:
        made = conditions(np.random.default_rng(given.seed), evaluation_noises(given.seed))
    for name, make in made.items():
        if given.write is not None:
            write(given.write, name, clips, make)
            continue
        figures, mistakes = measure(*opened(given.folder), clips, make)
        print(f"{name:16s}", {k: round(v, 3) for k, v in figures.items()}, flush=True)
        if name == "clean":
            for mistake in mistakes:
                print("   ", *mistake)


if __name__ == "__main__":
    main()
