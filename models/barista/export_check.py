"""Holds the exported graph to PyTorch, and writes golden.json for the test that does so in Node."""

import json
import pathlib

import numpy as np
import onnxruntime
import soundfile
import torch

from listener import FRAME_SAMPLES

FRAMES = 500
GOLDEN_FRAMES = 160
# 24 kHz speech of the project's own, taken for 16 kHz: slow, deep, the same everywhere.
SPEECH = pathlib.Path(__file__).parents[2] / "test" / "fixtures" / "speech"
GOLDEN_SPEECH = ["table", "cake", "wait"]


def open_graph(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    return onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])


def caller_of(shared, seed):
    """FRAMES frames of sound: recorded orders where they are at hand, else our own; some noise."""
    generator = np.random.default_rng(seed)
    files = sorted(SPEECH.glob("*.wav"))
    if shared is not None and (pathlib.Path(shared) / "barista" / "train").is_dir():
        files = sorted((pathlib.Path(shared) / "barista" / "train").glob("*.flac"))
    pieces, samples = [], 0
    while samples < FRAMES * FRAME_SAMPLES:
        speech, _ = soundfile.read(files[generator.integers(len(files))], dtype="float32")
        pieces += [speech, np.zeros(generator.integers(8_000, 80_000), np.float32)]
        samples += sum(len(p) for p in pieces[-2:])
    sound = np.concatenate(pieces)[: FRAMES * FRAME_SAMPLES]
    sound = sound + generator.normal(0, 0.001, len(sound)).astype(np.float32)
    return sound.reshape(FRAMES, FRAME_SAMPLES)


def compare(model, path, shared=None, rows=3):
    """Largest difference between graph and PyTorch over FRAMES frames of `rows` calls at once, and
    between the graph's batch and its first row alone. The tool answers now and then."""
    from export import INPUTS, OUTPUTS, zeros

    graph = open_graph(path)
    names = [i.name for i in graph.get_inputs()]
    sounds = np.stack([caller_of(shared, seed) for seed in range(rows)], axis=1)
    states, ours = zeros(rows), zeros(rows)
    alone = zeros(1)
    worst = 0.0
    for t in range(FRAMES):
        result = torch.tensor([[0, 1, 2][r] if t % 100 == 99 else 0 for r in range(rows)],
                              dtype=torch.int32)
        first = torch.full((rows,), t == 0)
        inputs = [torch.from_numpy(sounds[t]), torch.ones(rows, dtype=torch.bool), first, result]
        wanted = model(*inputs, *states)
        feeds = dict(zip(names, [v.numpy() for v in [*inputs, *ours]]))
        got = graph.run(None, feeds)
        for a, b in zip(wanted, got):
            worst = max(worst, float(np.abs(a.numpy().astype(np.float64) - b).max()))
        row = [*(v[:1].numpy() for v in inputs), *(v.numpy() for v in alone)]
        single = graph.run(None, dict(zip(names, row)))
        for a, b in zip(single, got):
            worst = max(worst, float(np.abs(a.astype(np.float64) - b[:1]).max()))
        alone = [torch.from_numpy(v) for v in single[len(OUTPUTS):]]
        states = list(wanted[len(OUTPUTS):])
        ours = [torch.from_numpy(v) for v in got[len(OUTPUTS):]]
    assert names[: len(INPUTS)] == INPUTS
    return worst


def golden_sound():
    sound = np.concatenate([soundfile.read(SPEECH / f"{n}.wav", dtype="int16")[0]
                            for n in GOLDEN_SPEECH])
    whole = np.zeros(GOLDEN_FRAMES * FRAME_SAMPLES, np.int16)
    whole[: len(sound)] = sound[: len(whole)]
    return whole.reshape(GOLDEN_FRAMES, FRAME_SAMPLES)


def golden(model, folder):
    """What PyTorch makes of `golden_sound`: marks, words, and figures that tell the rest."""
    from export import OUTPUTS, zeros

    states, frames = zeros(1), []
    for t, frame in enumerate(golden_sound()):
        sound = torch.from_numpy(frame.astype(np.float32) / 32768)[None]
        yes = torch.ones(1, dtype=torch.bool)
        result = torch.zeros(1, dtype=torch.int32)
        out = model(sound, yes, torch.tensor([t == 0]), result, *states)
        states = list(out[len(OUTPUTS):])
        speech, mark, call, order, text, _ = (v[0] for v in out[: len(OUTPUTS)])
        frames.append({
            "mark": int(mark), "call": int(call), "order": order.tolist(), "text": text.tolist(),
            "level": round(float(speech.square().mean().sqrt()), 6),
            "ears": [round(float(s.mean()), 6) for s in states[4:7]],
        })
    lines = ",\n".join(json.dumps(frame) for frame in frames)
    text = f'{{\n"speech": {json.dumps(GOLDEN_SPEECH)},\n"frames": [\n{lines}\n]\n}}\n'
    (folder / "golden.json").write_text(text)
