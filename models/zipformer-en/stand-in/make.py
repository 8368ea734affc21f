"""Writes a streaming transducer that hears tones: `python make.py [folder]`, by default beside this file.

Needs requirements.txt. Three graphs and `tokens.txt` of the kind that sherpa-onnx calls `lstm`, so
that its recogniser really runs. A tone below about 600 Hz is the word "low", one to about 2 kHz
"middle" (two tokens: "mid", "dle"), one above it "high"; what is quieter than the threshold is blank. A word
is told once until another one is heard. The same versions write the same bytes.
"""

import pathlib
import sys

from onnx import TensorProto, checker, helper, save

MELS = 80
# First and last mel band, after the last, of each word's tones.
GROUPS = [(0, 20), (20, 50), (50, 80)]
# Log energy of a band over which it is a tone.
THRESHOLD = 2.0
# Frames of 10 ms that a step consumes, and those that it sees.
STEP_FRAMES = 4
SEEN_FRAMES = 9
TOKENS = ["<blk>", "\u2581low", "\u2581mid", "\u2581high", "dle"]
BLANK, LOW, MID, HIGH, DLE = range(5)
NEVER = -1000.0
FLOAT = TensorProto.FLOAT
INT64 = TensorProto.INT64


def tensor(name, kind, shape, values):
    return helper.make_tensor(name, kind, shape, values)


def value(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


def write(path, nodes, inputs, outputs, constants, metadata):
    graph = helper.make_graph(nodes, path.stem, inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    model.producer_name = "parley"
    helper.set_model_props(model, metadata)
    checker.check_model(model)
    save(model, path)


def encoder(path):
    """Mean of the step's frames; the loudest band of each group; blank has the threshold."""
    nodes = [
        helper.make_node("Slice", ["x", "zero", "step", "one"], ["head"]),
        helper.make_node("ReduceMean", ["head"], ["mean"], axes=[1], keepdims=1),
    ]
    constants = [
        tensor("zero", INT64, [1], [0]),
        tensor("one", INT64, [1], [1]),
        tensor("two", INT64, [1], [2]),
        tensor("step", INT64, [1], [STEP_FRAMES]),
        tensor("nothing", FLOAT, [1], [0.0]),
        tensor("threshold", FLOAT, [1], [THRESHOLD]),
        tensor("never", FLOAT, [1], [NEVER]),
    ]
    for index, (first, end) in enumerate(GROUPS):
        constants += [
            tensor(f"from{index}", INT64, [1], [first]),
            tensor(f"to{index}", INT64, [1], [end]),
        ]
        nodes += [
            helper.make_node("Slice", ["mean", f"from{index}", f"to{index}", "two"], [f"bands{index}"]),
            helper.make_node("ReduceMax", [f"bands{index}"], [f"group{index}"], axes=[2], keepdims=1),
        ]
    nodes += [
        helper.make_node("Mul", ["group0", "nothing"], ["flat"]),
        helper.make_node("Add", ["flat", "threshold"], ["blank"]),
        helper.make_node("Add", ["flat", "never"], ["second"]),
        helper.make_node(
            "Concat", ["blank", "group0", "group1", "group2", "second"], ["encoder_out"], axis=2
        ),
        helper.make_node("Identity", ["h"], ["next_h"]),
        helper.make_node("Identity", ["c"], ["next_c"]),
    ]
    state = [1, "N", 1]
    write(
        path,
        nodes,
        [value("x", FLOAT, ["N", SEEN_FRAMES, MELS]), value("h", FLOAT, state), value("c", FLOAT, state)],
        [
            value("encoder_out", FLOAT, ["N", 1, len(TOKENS)]),
            value("next_h", FLOAT, state),
            value("next_c", FLOAT, state),
        ],
        constants,
        {
            "model_type": "lstm",
            "num_encoder_layers": "1",
            "T": str(SEEN_FRAMES),
            "decode_chunk_len": str(STEP_FRAMES),
            "rnn_hidden_size": "1",
            "d_model": "1",
        },
    )


def decoder(path):
    """What may follow the last token: not the same word again, and "dle" after "mid" alone."""
    size = len(TOKENS)
    table = [[0.0] * size for _ in range(size)]
    table[LOW][LOW] = NEVER
    table[HIGH][HIGH] = NEVER
    table[DLE][MID] = NEVER
    # Over everything else, its own handicap included.
    table[MID][DLE] = 3 * -NEVER
    nodes = [
        helper.make_node("Gather", ["y", "last"], ["newest"], axis=1),
        helper.make_node("Gather", ["table", "newest"], ["decoder_out"]),
    ]
    write(
        path,
        nodes,
        [value("y", INT64, ["N", 2])],
        [value("decoder_out", FLOAT, ["N", size])],
        [
            tensor("last", INT64, [], [1]),
            tensor("table", FLOAT, [size, size], [cell for row in table for cell in row]),
        ],
        {"vocab_size": str(size), "context_size": "2"},
    )


def joiner(path):
    shape = ["N", len(TOKENS)]
    write(
        path,
        [helper.make_node("Add", ["encoder_out", "decoder_out"], ["logit"])],
        [value("encoder_out", FLOAT, shape), value("decoder_out", FLOAT, shape)],
        [value("logit", FLOAT, shape)],
        [],
        {"joiner_dim": str(len(TOKENS))},
    )


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__).absolute()
    folder = folder if folder.is_dir() else folder.parent
    encoder(folder / "encoder.onnx")
    decoder(folder / "decoder.onnx")
    joiner(folder / "joiner.onnx")
    lines = [f"{token} {index}\n" for index, token in enumerate(TOKENS)]
    (folder / "tokens.txt").write_text("".join(lines), encoding="utf8")
