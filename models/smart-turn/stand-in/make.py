"""Writes stand-in.onnx from weights.json: `python make.py [folder]`, by default beside this file.

Needs requirements.txt. A graph of Smart Turn v3's contract: `input_features` float32 [B, 80, 800]
in, `logits` float32 [B, 1] out, which is a probability already. What it computes is told once more,
in plain TypeScript, in reference.ts; the two must be changed together. The same versions write the
same bytes.
"""

import hashlib
import json
import pathlib
import sys

from onnx import TensorProto, checker, helper

GROUPS = 20
GROUP_BANDS = 4
FRAMES = 800
SPEECH_RANGE = 0.6
STRETCHES = [(1, 8), (9, 24), (25, 50)]


class Graph:
    """Collects nodes; a value is its name."""

    def __init__(self):
        self.nodes = []
        self.constants = []

    def constant(self, kind, shape, values):
        name = f"k{len(self.constants)}"
        self.constants.append(helper.make_tensor(name, kind, shape, values))
        return name

    def int64(self, *values):
        return self.constant(TensorProto.INT64, [len(values)], values)

    def float(self, value):
        return self.constant(TensorProto.FLOAT, [], [value])

    def add(self, op, *inputs, name=None, **attributes):
        name = name or f"v{len(self.nodes)}_{op}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], name=name, **attributes))
        return name


def build(weights):
    g = Graph()
    level = g.add("ReduceMean", "input_features", g.int64(1), keepdims=0)
    loudest = g.add("ReduceMax", level, g.int64(1), keepdims=1)
    speech = g.add("GreaterOrEqual", level, g.add("Sub", loudest, g.float(SPEECH_RANGE)))
    speech = g.add("Cast", speech, to=TensorProto.FLOAT)
    # Frames of speech from here to the end; 0 where there is none.
    axis = g.constant(TensorProto.INT64, [], [1])
    from_end = g.add("Mul", g.add("CumSum", speech, axis, reverse=1), speech)
    grouped = g.add("Reshape", "input_features", g.int64(0, GROUPS, GROUP_BANDS, FRAMES))
    grouped = g.add("ReduceMean", grouped, g.int64(2), keepdims=0)

    def profile(first, last):
        inside = g.add(
            "And",
            g.add("GreaterOrEqual", from_end, g.float(float(first))),
            g.add("LessOrEqual", from_end, g.float(float(last))),
        )
        mask = g.add("Cast", inside, to=TensorProto.FLOAT)
        count = g.add("ReduceSum", mask, g.int64(1), keepdims=1)
        sums = g.add("MatMul", grouped, g.add("Unsqueeze", mask, g.int64(2)))
        mean = g.add("Squeeze", sums, g.int64(2))
        return g.add("Div", mean, g.add("Max", count, g.float(1.0)))

    everything = profile(1, FRAMES)
    pooled = [g.add("Sub", profile(*stretch), everything) for stretch in STRETCHES]
    pooled = g.add("Concat", *pooled, axis=1)
    column = g.constant(TensorProto.FLOAT, [len(weights["weights"]), 1], weights["weights"])
    total = g.add("Add", g.add("MatMul", pooled, column), g.float(weights["bias"]))
    g.add("Sigmoid", total, name="logits")
    return g


def model_bytes(weights):
    g = build(weights)
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        g.nodes,
        "smart-turn-stand-in",
        [value("input_features", TensorProto.FLOAT, ["B", GROUPS * GROUP_BANDS, FRAMES])],
        [value("logits", TensorProto.FLOAT, ["B", 1])],
        g.constants,
    )
    model = helper.make_model(
        graph,
        producer_name="parley",
        ir_version=8,
        opset_imports=[helper.make_opsetid("", 18)],
    )
    checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def main():
    here = pathlib.Path(__file__).parent
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here
    graph_bytes = model_bytes(json.loads((here / "weights.json").read_text()))
    (folder / "stand-in.onnx").write_bytes(graph_bytes)
    print(len(graph_bytes), "bytes", hashlib.sha256(graph_bytes).hexdigest())


main()
