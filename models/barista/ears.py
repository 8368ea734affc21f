"""The listening half as it is exported: listener, decoder and doubt, frame by frame."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor, nn

from decoder import Decoder
from doubt import Doubt
from listener import Listener, Outputs, State
from listener_names import SLOTS

ORDERS = [f"order_{name}" for name in SLOTS]


class Ears(nn.Module):
    """B is the batch axis everywhere."""

    def __init__(self, listener: Listener | None = None) -> None:
        super().__init__()
        self.listener = listener or Listener()
        self.decoder = Decoder()
        self.doubt = Doubt()

    def state_shapes(self) -> dict[str, tuple[str, tuple[int, ...]]]:
        """Name → dtype and shape without B, in order; all zeros before a call's first frame."""
        floats = {n: ("float32", s) for n, s in Listener.state_shapes().items()}
        return {**floats, **self.decoder.state_shapes()}

    def initial_state(self, batch: int) -> State:
        return tuple(torch.zeros(batch, *shape, dtype=getattr(torch, kind))
                     for kind, shape in self.state_shapes().values())

    def forward(self, pcm: Tensor, state: State, fresh: Tensor) -> tuple[Outputs, State]:
        """As Listener.forward; fresh [B] must hold in a call's first frame too. The outputs have the
        order besides: a class for every slot, `order_…` [B], and how likely it is right, `right` [B]."""
        count = len(Listener.state_shapes())
        outputs, state_after = self.listener(pcm, state[:count], fresh)
        paths = self.decoder(outputs["words"], state[count:], fresh)
        return self.understood(outputs, paths), (*state_after, *paths)

    def understood(self, outputs: Outputs, paths: State) -> Outputs:
        chosen = self.decoder.choose(paths, outputs)
        right = self.doubt(chosen, outputs)
        return {**outputs, **{n: chosen[n] for n in ORDERS}, "right": right}

    def sequence(self, pcm: Tensor) -> Outputs:
        """As Listener.sequence, with the same outputs as forward()."""
        outputs = self.listener.sequence(pcm)
        frames = outputs["voice"].shape[1]
        paths = tuple(torch.zeros(len(pcm), *shape, dtype=getattr(torch, kind))
                      for kind, shape in self.decoder.state_shapes().values())
        found = []
        for t in range(frames):
            first = torch.full((len(pcm),), t == 0)
            paths = self.decoder(outputs["words"][:, t], paths, first)
            part = self.understood({n: v[:, t] for n, v in outputs.items()}, paths)
            found.append([part[n] for n in (*ORDERS, "right")])
        more = {n: torch.stack(v, dim=1) for n, v in zip((*ORDERS, "right"), zip(*found))}
        return {**outputs, **more}


def load(work: Path) -> Ears:
    """What `work`/listener.pt and `work`/doubt.json hold."""
    ears = Ears()
    saved = torch.load(work / "listener.pt", weights_only=True)
    ears.listener.load_state_dict(saved["model"])
    if (work / "doubt.json").exists():
        ears.doubt.set(json.loads((work / "doubt.json").read_text()))
    return ears.eval()
