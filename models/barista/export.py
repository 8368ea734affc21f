"""Writes the package: barista.onnx, words.json and manifest.json.

`python make.py export`, or `python export.py --work DIR [--random]`. Needs listener.pt in DIR;
`--random` takes untrained ears instead. Compares the graph with PyTorch before it is kept.
"""

import argparse
import contextlib
import json
import pathlib
import shutil
import tempfile
import warnings

import onnx
import torch
from torch import nn

import package
from ears import Ears, load
from listener import FRAME_SAMPLES
from mouth import Voice
from policy import FIELDS, Policy
from speaker import QUEUE

OPSET = 17
VOICE_FILE = "voice.bin"
LARGE_BYTES = 2_000_000
FOLDER = pathlib.Path(__file__).parent


class Barista(nn.Module):
    """Ears, policy and mouth as one graph. All tensors have the batch axis first."""

    def __init__(self, ears: Ears, policy: Policy):
        super().__init__()
        self.ears = ears
        self.policy = policy

    @staticmethod
    def states():
        """Name → (dtype, shape without B), in the order of the graph's inputs."""
        return {**Ears().state_shapes(), "control": ("int64", (len(FIELDS),)), "queue": ("int64", (QUEUE,))}

    def forward(self, audio, exec_mask, reset, tool_result, *states):
        """audio [B, 1280]; exec_mask, reset [B] bool; tool_result [B] int32."""
        *ears, control, queue = states
        keep = 1 - reset.to(torch.float32)
        ears = tuple(e * keep.reshape(-1, *[1] * (e.dim() - 1)).to(e.dtype) for e in ears)
        fresh = (control[:, FIELDS.index("fresh")] > 0) | reset
        # Once the agent speaks into silence the ears begin anew: what was said before would colour
        # what is said beside its speech.
        goes_on = 1 - control[:, FIELDS.index("wipe")].to(torch.float32)[:, None]
        ears = tuple(e * goes_on if n in ("gru1", "gru2") else e
                     for n, e in zip(self.ears.state_shapes(), ears))
        heard, ears = self.ears(audio, ears, fresh)
        heard["level"] = audio.square().mean(dim=1)
        result = tool_result.to(torch.int64)
        done = self.policy(heard, control, queue, reset, result)
        runs = exec_mask.to(torch.int32)
        small = {k: done[k].to(torch.int32) for k in ("mark", "call", "order", "text", "times")}
        return (
            done["speech"] * exec_mask.to(torch.float32)[:, None],
            small["mark"] * runs,
            small["call"] * runs,
            small["order"],
            small["text"] * runs[:, None],
            small["times"],
            *ears, done["state"], done["queue"],
        )


INPUTS = ["audio", "exec", "reset", "tool_result"]
OUTPUTS = ["speech", "mark", "call", "order", "text", "word_times"]


def zeros(batch):
    kinds = {"float32": torch.float32, "int64": torch.int64}
    return [torch.zeros(batch, *shape, dtype=kinds[d]) for d, shape in Barista.states().values()]


def example(batch):
    mask = torch.ones(batch, dtype=torch.bool)
    result = torch.zeros(batch, dtype=torch.int32)
    return (torch.zeros(batch, FRAME_SAMPLES), mask, mask, result, *zeros(batch))


def export(model, path):
    names = list(Barista.states())
    inputs = [*INPUTS, *names]
    outputs = [*OUTPUTS, *[f"{n}_next" for n in names]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model, example(2), str(path), dynamo=False, opset_version=OPSET, input_names=inputs,
            output_names=outputs, do_constant_folding=True,
            dynamic_axes={n: {0: "B"} for n in [*inputs, *outputs]},
        )
    graph = onnx.load(str(path))
    graph.producer_name, graph.producer_version = "parley", ""
    for node in graph.graph.node:
        node.ClearField("doc_string")
        del node.metadata_props[:]
    large_constants_aside(graph.graph)
    # The voice is the one large tensor and the same in every export: it has a file of its own.
    # onnx looks for it in the working folder, where there must be none yet.
    with tempfile.TemporaryDirectory() as made, contextlib.chdir(made):
        onnx.save_model(graph, path.name, save_as_external_data=True, all_tensors_to_one_file=True,
                        location=VOICE_FILE, size_threshold=LARGE_BYTES)
        for file in (path.name, VOICE_FILE):
            shutil.copyfile(file, path.parent / file)


def large_constants_aside(graph):
    """Constant nodes that hold large tables become initializers, which can have files of their own."""
    for node in [n for n in graph.node if n.op_type == "Constant"]:
        value = node.attribute[0].t
        if len(value.raw_data) < LARGE_BYTES:
            continue
        value.name = node.output[0]
        graph.initializer.append(value)
        graph.node.remove(node)


def build(work, random):
    torch.manual_seed(8)
    return Barista(Ears() if random else load(work), Policy(Voice())).eval()


def main(work, shared=None, random=False, folder=FOLDER):
    """Exports what `work`/listener.pt has learned into `folder`. Raises when graph and PyTorch differ."""
    from export_check import compare, golden

    torch.set_num_threads(1)
    model = build(pathlib.Path(work), random)
    folder = pathlib.Path(folder).resolve()
    path = folder / "barista.onnx"
    with torch.no_grad():
        export(model, path)
        worst = compare(model, path, shared)
        golden(model, folder)
    words = folder / "words.json"
    words.write_text(json.dumps(model.policy.speaker.vocabulary.words) + "\n")
    package.write_manifest(folder, model)
    sizes = {f.name: f.stat().st_size for f in folder.iterdir() if f.suffix in (".onnx", ".json", ".bin")}
    print(f"largest difference from PyTorch {worst:.2e}; bytes {sizes}")
    if worst > 1e-3:
        raise SystemExit("the graph is not what PyTorch computes")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--shared", type=pathlib.Path, default=None)
    parser.add_argument("--random", action="store_true")
    parser.add_argument("--folder", type=pathlib.Path, default=FOLDER)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    main(given.work, given.shared, given.random, given.folder)
