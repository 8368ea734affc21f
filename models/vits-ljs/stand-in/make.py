"""Writes a voice that beeps: `python make.py [folder]`, by default beside this file.

Needs requirements.txt. A graph of the contract that sherpa-onnx has for VITS, with a tone of 80 ms
for each letter (a is 200 Hz, each further letter 60 Hz more) and silence of the same length for
anything else, at 16 kHz. The same versions write the same bytes.
"""

import math
import pathlib
import sys

from onnx import TensorProto, checker, helper, save

RATE_HZ = 16_000
LETTER_SAMPLES = 1280
SYMBOLS = "_ abcdefghijklmnopqrstuvwxyz.,?!'"
FLOAT = TensorProto.FLOAT
INT64 = TensorProto.INT64


def frequency_hz(symbol):
    return 200 + 60 * (ord(symbol) - ord("a")) if symbol.isalpha() else 0


def build():
    phases = [2 * math.pi * n / RATE_HZ for n in range(LETTER_SAMPLES)]
    tones = [float(frequency_hz(symbol)) for symbol in SYMBOLS]
    constants = [
        helper.make_tensor("tones", FLOAT, [len(SYMBOLS), 1], tones),
        helper.make_tensor("phases", FLOAT, [1, LETTER_SAMPLES], phases),
        helper.make_tensor("level", FLOAT, [], [0.3]),
        helper.make_tensor("shape", INT64, [3], [1, 1, -1]),
    ]
    nodes = [
        helper.make_node("Gather", ["tones", "x"], ["tone"]),
        helper.make_node("Mul", ["tone", "phases"], ["phase"]),
        helper.make_node("Sin", ["phase"], ["wave"]),
        helper.make_node("Mul", ["wave", "level"], ["quiet"]),
        helper.make_node("Reshape", ["quiet", "shape"], ["y"]),
    ]
    scalar = ["noise_scale", "length_scale", "noise_scale_w"]
    inputs = [
        helper.make_tensor_value_info("x", INT64, [1, "L"]),
        helper.make_tensor_value_info("x_length", INT64, [1]),
        *[helper.make_tensor_value_info(name, FLOAT, [1]) for name in scalar],
    ]
    outputs = [helper.make_tensor_value_info("y", FLOAT, [1, 1, "S"])]
    graph = helper.make_graph(nodes, "beeps", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    model.producer_name = "parley"
    flags = ["add_blank", "use_eos_bos", "blank_id", "bos_id", "eos_id", "pad_id"]
    metadata = {
        "model_type": "vits",
        "sample_rate": str(RATE_HZ),
        "n_speakers": "1",
        "language": "English",
        "comment": "stand-in",
        "frontend": "characters",
        **{flag: "0" for flag in flags},
    }
    helper.set_model_props(model, metadata)
    checker.check_model(model)
    return model


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__).absolute()
    folder = folder if folder.is_dir() else folder.parent
    save(build(), folder / "stand-in.onnx")
    lines = [f"{symbol} {index}\n" for index, symbol in enumerate(SYMBOLS)]
    (folder / "tokens.txt").write_text("".join(lines), encoding="utf8")
