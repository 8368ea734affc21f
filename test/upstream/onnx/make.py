"""Writes porter.onnx: `python make.py`, beside this file. Needs torch and onnx; nothing is trained.

A graph of the package contract, version 2, that does little but everything: it hears by level, asks
for a tool when the caller has finished, says that it waits, speaks (a tone) when the tool has
answered, and is silent when it is spoken over. package.ts gives its numbers words.
"""

import pathlib

import onnx
import torch
from torch import nn

FRAME = 1280  # 80 ms at 16 kHz
LOUD_POWER = 10 ** (-45 / 10)
QUIET_FRAMES = 6  # end an utterance
YIELD_FRAMES = 4  # of speech over it stop it
WAIT_FRAMES = 8  # before it says that it waits
STILL_FRAMES = 45  # before it says so again
LENGTHS = [0, 24, 12, 12, 12]  # frames of: nothing, "one moment", "still", the answer, later answers
FIELDS = ["said", "quiet", "over", "left", "asked", "wait", "result", "spoke"]


class Porter(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("lengths", torch.tensor(LENGTHS))
        t = torch.arange(FRAME) / 16_000
        # Whole periods in a frame: frames join without a click.
        self.register_buffer("tone", 0.2 * torch.sin(2 * torch.pi * 250 * t)[None])

    def forward(self, audio, reset, tool_result, control):
        state = control.to(torch.int64) * (1 - reset.to(torch.int64))[:, None]
        s = dict(zip(FIELDS, state.unbind(dim=1)))
        one = torch.ones_like(s["said"])
        zero = one - 1
        pick = torch.where
        power = audio.reshape(-1, 4, FRAME // 4).square().mean(dim=2).max(dim=1).values
        loud = power > LOUD_POWER
        quiet = pick(loud, zero, s["quiet"] + 1)
        said = s["said"] + loud.to(torch.int64)
        speaking = s["left"] > 0
        over = pick(speaking, pick(loud, s["over"] + 1, (s["over"] - 1).clamp(min=0)), zero)
        yields = speaking & (over >= YIELD_FRAMES)
        left = pick(yields, zero, s["left"])
        silent = (left == 0) & (s["spoke"] == 0)
        ends = (said >= 3) & (quiet >= QUIET_FRAMES)
        # asked: 0 not yet, 1 the tool runs, 2 it has answered.
        calls = ends & silent & (s["asked"] == 0)
        later = ends & silent & (s["asked"] == 2)
        result = torch.maximum(s["result"], tool_result.to(torch.int64))
        answers = silent & (s["asked"] == 1) & (result > 0) & (quiet >= 2)
        waits = (s["asked"] == 1) & ~answers
        wait = pick(calls, zero, s["wait"] + 1)
        moment = waits & silent & (wait == WAIT_FRAMES)
        still = waits & silent & (wait == STILL_FRAMES)
        phrase = pick(moment, one, zero) + 2 * pick(still, one, zero)
        phrase = phrase + 3 * pick(answers, one, zero) + 4 * pick(later, one, zero)
        starts = phrase > 0
        left = pick(starts, self.lengths[phrase], left)
        speaks = left > 0
        spoke = s["spoke"] > 0
        ended = pick(yields, one * 3, pick(spoke & ~speaks, one * 2, zero))
        mark = pick(starts, one, ended)
        after = {
            "said": pick(ends, zero, said), "quiet": quiet, "over": pick(yields, zero, over),
            "left": (left - 1).clamp(min=0),
            "asked": pick(calls, one, pick(answers, 2 * one, s["asked"])),
            "wait": wait, "result": result, "spoke": speaks.to(torch.int64),
        }
        times = torch.stack([torch.zeros_like(phrase), self.lengths[phrase] * FRAME], dim=1)
        return (
            self.tone * speaks[:, None].to(torch.float32),
            mark.to(torch.int32),
            calls.to(torch.int32),
            torch.ones_like(state[:, :2]).to(torch.int32),
            phrase[:, None].to(torch.int32),
            times[:, None, :].to(torch.int32),
            torch.stack([after[f] for f in FIELDS], dim=1).to(torch.int32),
        )


INPUTS = ["audio", "reset", "tool_result", "control"]
OUTPUTS = ["speech", "mark", "call", "slots", "text", "word_times", "control_next"]


def main():
    path = pathlib.Path(__file__).parent / "porter.onnx"
    example = (torch.zeros(2, FRAME), torch.ones(2, dtype=torch.bool),
               torch.zeros(2, dtype=torch.int32), torch.zeros(2, len(FIELDS), dtype=torch.int32))
    torch.onnx.export(
        Porter().eval(), example, str(path), dynamo=False, opset_version=17, input_names=INPUTS,
        output_names=OUTPUTS, dynamic_axes={n: {0: "B"} for n in [*INPUTS, *OUTPUTS]},
    )
    model = onnx.load(str(path))
    model.producer_name, model.producer_version = "parley", ""
    for node in model.graph.node:
        node.ClearField("doc_string")
    onnx.save(model, str(path))
    print(path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
