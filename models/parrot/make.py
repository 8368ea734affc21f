"""Writes parrot.onnx and manifest.json: `python make.py [folder]`, by default beside this file.

Needs requirements.txt. Nothing is trained and nothing is random: the same versions write the same
bytes. What the graph computes is told once more, in plain TypeScript, in reference.ts; the two
must be changed together.
"""

import hashlib
import json
import pathlib
import re
import sys

from onnx import TensorProto, checker, helper

RATE_HZ = 24_000
FRAME_SAMPLES = 1920  # 80 ms
WINDOW_SAMPLES = 480  # 20 ms; a frame is as loud as its loudest window
MEMORY_FRAMES = 250  # 20 s
PRE_ROLL_FRAMES = 2
HANGOVER_FRAMES = 3
QUIET_FRAMES = 8  # 640 ms of quiet end an utterance
YIELD_FRAMES = 6  # 480 ms of speech over the parrot make it stop
ON_DBFS = -45
OFF_DBFS = -50

FIELDS = ["open", "start", "quiet", "due", "read", "until", "over", "spoke"]
MARKS = [None, "speech_started", "speech_ended", "yielded"]


def window_energy(level_dbfs):
    """Sum of squared 16-bit samples of a window whose RMS is `level_dbfs`, a whole number."""
    return float(round(WINDOW_SAMPLES * 32768**2 * 10 ** (level_dbfs / 10)))


class Graph:
    """Collects nodes; a value is its name."""

    def __init__(self):
        self.nodes = []
        self.constants = []
        self.known = {}

    def constant(self, kind, values):
        key = (kind, tuple(values))
        if key not in self.known:
            name = f"k{len(self.known)}"
            self.known[key] = name
            self.constants.append(helper.make_tensor(name, kind, [len(values)], values))
        return self.known[key]

    def int32(self, *values):
        return self.constant(TensorProto.INT32, values)

    def int64(self, *values):
        return self.constant(TensorProto.INT64, values)

    def float64(self, *values):
        return self.constant(TensorProto.DOUBLE, values)

    def add(self, op, *inputs, name=None, outputs=None, **attributes):
        names = outputs or [name or f"v{len(self.nodes)}_{op}"]
        self.nodes.append(helper.make_node(op, list(inputs), names, name=names[0], **attributes))
        return names[0]

    def cast(self, value, kind, name=None):
        return self.add("Cast", value, to=kind, name=name)

    def all(self, *values):
        result = values[0]
        for value in values[1:]:
            result = self.add("And", result, value)
        return result

    def either(self, *values):
        result = values[0]
        for value in values[1:]:
            result = self.add("Or", result, value)
        return result

    def no(self, value):
        return self.add("Not", value)

    def where(self, condition, yes, no, name=None):
        return self.add("Where", condition, yes, no, name=name)


def listen(g):
    """The frame as 16-bit samples, and the energy of its loudest window."""
    scaled = g.add("Mul", "audio", g.constant(TensorProto.FLOAT, [32768.0]))
    samples = g.cast(scaled, TensorProto.INT16)
    exact = g.cast(samples, TensorProto.DOUBLE)  # whole numbers below 2^53: sums have one value
    windows = g.add("Reshape", exact, g.int64(0, FRAME_SAMPLES // WINDOW_SAMPLES, WINDOW_SAMPLES))
    energies = g.add("ReduceSum", g.add("Mul", windows, windows), g.int64(2), keepdims=0)
    loudest = g.add("ReduceMax", energies, g.int64(1), keepdims=1)
    return samples, loudest


def build():
    g = Graph()
    zero, one = g.int32(0), g.int32(1)
    exec_, reset, now = (g.add("Unsqueeze", v, g.int64(1)) for v in ("exec", "reset", "position"))

    control = g.where(reset, zero, "control")
    g.add("Split", control, outputs=FIELDS, axis=1, num_outputs=len(FIELDS))
    flag = {field: g.cast(field, TensorProto.BOOL) for field in ("open", "due", "spoke")}

    # Is the caller speaking? A gate with hysteresis: it is open while `open` and `quiet` is 0.
    samples, loudest = listen(g)
    gate = g.all(flag["open"], g.add("Equal", "quiet", zero))
    threshold = g.where(gate, g.float64(window_energy(OFF_DBFS)), g.float64(window_energy(ON_DBFS)))
    loud = g.add("GreaterOrEqual", loudest, threshold)

    # The utterance: opens with the first loud frame, closes after enough quiet ones.
    opens = g.all(loud, g.no(flag["open"]))
    pre_roll = g.add("Max", zero, g.add("Sub", now, g.int32(PRE_ROLL_FRAMES)))
    start = g.where(opens, pre_roll, "start")
    open_ = g.either(flag["open"], loud)
    quiet = g.where(g.all(open_, g.no(loud)), g.add("Add", "quiet", one), zero)
    closes = g.add("GreaterOrEqual", quiet, g.int32(QUIET_FRAMES))

    # Speech over the parrot: loud frames count up, quiet ones down; enough of it and it yields.
    speaking = g.add("Less", "read", "until")
    step = g.where(loud, one, g.int32(-1))
    counted = g.add("Max", zero, g.add("Add", "over", step))
    over = g.where(g.all(speaking, open_), counted, zero)
    yields = g.add("GreaterOrEqual", over, g.int32(YIELD_FRAMES))

    # What was said only while the parrot spoke on is not answered.
    due = g.either(flag["due"], g.all(loud, g.no(speaking)), yields)
    answers = g.all(closes, due)
    oldest = g.add("Sub", now, g.int32(MEMORY_FRAMES))
    end = g.add("Sub", now, g.int32(QUIET_FRAMES - 1 - HANGOVER_FRAMES))
    read = g.where(answers, g.add("Max", start, oldest), "read")
    until = g.where(answers, end, g.where(yields, "read", "until"))
    speaks = g.add("Less", read, until)

    # Speak: one frame out of the memory, bit for bit.
    slot = g.cast(g.add("Mod", read, g.int32(MEMORY_FRAMES)), TensorProto.INT64)
    said = g.add("GatherND", "memory", slot, batch_dims=1)
    voice = g.add("Div", g.cast(said, TensorProto.FLOAT), g.constant(TensorProto.FLOAT, [32768.0]))
    audible = g.all(exec_, speaks)
    g.where(audible, voice, g.constant(TensorProto.FLOAT, [0.0]), name="speech")
    g.add("Identity", samples, name="memory_row")

    # Marks: an ending is told with the first frame that is silent again.
    stopped = g.all(flag["spoke"], g.no(speaks))
    started = g.all(speaks, g.no(flag["spoke"]))
    ended = g.where(stopped, g.where(yields, g.int32(3), g.int32(2)), zero)
    mark = g.where(started, one, ended)
    g.add("Squeeze", g.where(exec_, mark, zero), g.int64(1), name="mark")

    keeps = g.no(closes)
    as_int = {
        "open": g.cast(g.all(open_, keeps), TensorProto.INT32),
        "start": start,
        "quiet": g.where(closes, zero, quiet),
        "due": g.cast(g.all(due, open_, keeps), TensorProto.INT32),
        "read": g.where(speaks, g.add("Add", read, one), read),
        "until": until,
        "over": g.where(yields, zero, over),
        "spoke": g.cast(speaks, TensorProto.INT32),
    }
    after = g.add("Concat", *[as_int[field] for field in FIELDS], axis=1)
    g.where(exec_, after, "control", name="control_next")
    return g


def model_bytes():
    g = build()
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        g.nodes,
        "parrot",
        [
            value("audio", TensorProto.FLOAT, ["B", FRAME_SAMPLES]),
            value("exec", TensorProto.BOOL, ["B"]),
            value("reset", TensorProto.BOOL, ["B"]),
            value("position", TensorProto.INT32, ["B"]),
            value("control", TensorProto.INT32, ["B", len(FIELDS)]),
            value("memory", TensorProto.INT16, ["B", MEMORY_FRAMES, FRAME_SAMPLES]),
        ],
        [
            value("speech", TensorProto.FLOAT, ["B", FRAME_SAMPLES]),
            value("mark", TensorProto.INT32, ["B"]),
            value("control_next", TensorProto.INT32, ["B", len(FIELDS)]),
            value("memory_row", TensorProto.INT16, ["B", FRAME_SAMPLES]),
        ],
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


def manifest(graph_bytes):
    return {
        "schema": "parley-package/1",
        "id": "parrot",
        "description": "Listens while it speaks and says back what it heard.",
        "license": "Apache-2.0",
        "loop": "frame",
        "clock": {"frameMs": 80, "inputRateHz": RATE_HZ, "outputRateHz": RATE_HZ},
        "batch": {"axis": "B", "maxRows": 32},
        "graphs": [
            {
                "file": "parrot.onnx",
                "sha256": hashlib.sha256(graph_bytes).hexdigest(),
                "inputs": [
                    {"name": "audio", "source": "audio", "dtype": "float32",
                     "shape": ["B", FRAME_SAMPLES]},
                    {"name": "exec", "source": "exec", "dtype": "bool", "shape": ["B"]},
                    {"name": "reset", "source": "reset", "dtype": "bool", "shape": ["B"]},
                ],
                "outputs": [
                    {"name": "speech", "sink": "audio", "dtype": "float32",
                     "shape": ["B", FRAME_SAMPLES]},
                    {"name": "mark", "sink": "events", "dtype": "int32", "shape": ["B"]},
                ],
                "states": [
                    {"mode": "replace", "input": "control", "output": "control_next",
                     "dtype": "int32", "shape": ["B", len(FIELDS)]},
                    {"mode": "ring", "input": "memory", "output": "memory_row",
                     "position": "position", "dtype": "int16",
                     "shape": ["B", MEMORY_FRAMES, FRAME_SAMPLES]},
                ],
            }
        ],
        "streams": {"events": {"marks": MARKS}},
    }


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
    graph_bytes = model_bytes()
    (folder / "parrot.onnx").write_bytes(graph_bytes)
    text = json.dumps(manifest(graph_bytes), indent=2)
    # A list of plain values stays on one line, as the project's formatter wants it.
    text = re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda m: f"[{' '.join(m[1].split())}]", text)
    (folder / "manifest.json").write_text(text + "\n")
    print(len(graph_bytes), "bytes", hashlib.sha256(graph_bytes).hexdigest())


main()
