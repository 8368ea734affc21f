"""The manifest of the package, docs/model-packages.md, version 2."""

import hashlib
import json
import re

from listener import FRAME_SAMPLES, RATE_HZ
from mouth import DRINKS, MILK_PHRASES, ROASTS, SHOTS, SIZES, SUGAR_PHRASES
from policy import ORDER, RESULTS
from speaker import TOKENS

MAX_ROWS = 128
VALUES = dict(zip(ORDER, [SIZES, ROASTS, SHOTS, DRINKS, MILK_PHRASES, SUGAR_PHRASES]))


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def tensor(name, dtype, *shape, **more):
    return {"name": name, **more, "dtype": dtype, "shape": ["B", *shape]}


def manifest(folder, model):
    return {
        "schema": "parley-package/2",
        "id": "barista",
        "description": "Takes coffee orders: listens while it speaks, reads back, calls place_order.",
        "license": "Apache-2.0",
        "loop": "frame",
        "clock": {"frameMs": 80, "inputRateHz": RATE_HZ, "outputRateHz": RATE_HZ},
        "batch": {"axis": "B", "maxRows": MAX_ROWS},
        "graphs": [
            {
                "file": "barista.onnx",
                "sha256": sha256(folder / "barista.onnx"),
                "data": [{"file": "voice.bin", "sha256": sha256(folder / "voice.bin")}],
                "inputs": [
                    tensor("audio", "float32", FRAME_SAMPLES, source="audio"),
                    tensor("exec", "bool", source="exec"),
                    tensor("reset", "bool", source="reset"),
                    tensor("tool_result", "int32", source="tool_result"),
                ],
                "outputs": [
                    tensor("speech", "float32", FRAME_SAMPLES, sink="audio"),
                    tensor("mark", "int32", sink="events"),
                    tensor("call", "int32", sink="calls"),
                    tensor("order", "int32", len(ORDER), sink="slots"),
                    tensor("text", "int32", TOKENS, sink="text"),
                    tensor("word_times", "int32", TOKENS, 2, sink="word_times"),
                ],
                "states": [
                    {"mode": "replace", "input": name, "output": f"{name}_next", "dtype": dtype,
                     "shape": ["B", *shape]}
                    for name, (dtype, shape) in model.states().items()
                ],
            }
        ],
        "streams": {
            "events": {"marks": [None, "speech_started", "speech_ended", "yielded"]},
            "text": {
                "vocabulary": {"file": "words.json", "sha256": sha256(folder / "words.json")},
                "silent": [0],
            },
            "slots": [{"name": name, "values": VALUES[name]} for name in ORDER],
            "tools": {
                "calls": [None, {"name": "place_order", "arguments": ORDER}],
                "results": RESULTS,
            },
        },
    }


def write_manifest(folder, model):
    text = json.dumps(manifest(folder, model), indent=2)
    # A list of plain values stays on one line where it fits, as the project's formatter wants it.
    text = re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", one_line, text)
    (folder / "manifest.json").write_text(text + "\n")


def one_line(match):
    joined = f"[{' '.join(match[1].split())}]"
    return joined if len(joined) < 70 else match[0]
