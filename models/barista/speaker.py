"""The mouth's tables: replies become units of the voice, units become frames of sound with words."""

import torch
from torch import nn

from mouth import AMOUNTS, BLOCK_SAMPLES, DRINKS, MILKS, SUGARS, Voice
from mouth_words import Vocabulary
from policy_tables import REPLIES

FRAME_BLOCKS = 8
QUEUE = 16
TOKENS = 4


def whole(values):
    return torch.tensor(values, dtype=torch.int64)


class Speaker(nn.Module):
    """Tables are buffers, so that they are exported with the graph. B is the batch axis."""

    def __init__(self, voice: Voice):
        super().__init__()
        self._register("blocks", torch.from_numpy(voice.blocks.copy()))
        self._register("start", whole(voice.start))
        self._register("length", whole(voice.length))
        self.vocabulary = Vocabulary(voice)
        self._register("words", whole(self.vocabulary.table))
        self._register_replies(voice)

    def _register(self, name, tensor):
        self.register_buffer(name, tensor, persistent=False)

    def left(self, queue):
        """Blocks in a queue [B, QUEUE], [B]."""
        return self.length[queue].sum(dim=1)

    def _register_replies(self, voice):
        unit = voice.units
        drinks = [0, 0] + [unit[f"drink{end}:{d}"] for d in DRINKS for end in ",."]
        milks, sugars = [0, 0], [0, 0]
        for kinds, table, first, second in ((MILKS, milks, "milk,", "milk."),
                                            (SUGARS, sugars, "with", "and")):
            for kind in kinds:
                for amount in AMOUNTS:
                    words = f"{amount} {kind}".strip()
                    table += [unit[f"{first}:{words}"], unit[f"{second}:{words}"]]
        heads = [unit[k] for k in unit if k.startswith("head:")]
        middles = [0] + [unit[k] for k in unit if k.startswith("middle:")]
        tables = {"<head>": heads, "<middle>": middles, "<drink>": drinks, "<milk>": milks,
                  "<sugar>": sugars, "<gap>": [0, unit["gap"]]}
        names = list(tables)
        offsets, fillers = [], []
        for name in names:
            offsets.append(len(fillers))
            fillers += tables[name]
        self._register("fillers", whole(fillers))
        self._register("filler_offsets", whole(offsets))
        self.units = len(voice.start)
        rows = []
        for keys in REPLIES.values():
            row = [self.units + names.index(k) if k in tables else unit[k] for k in keys]
            if len(row) > QUEUE - 1:
                raise ValueError(f"{keys} are too many")
            # One block of silence behind the last: the end of a unit fades out in it.
            rows.append(row + [0] * (QUEUE - 1 - len(row)) + ([unit["end"]] if row else [0]))
        self._register("templates", whole(rows))

    def queue(self, reply, order, slow):
        """Units of a reply, [B, QUEUE]: its template with the order's words in it."""
        size, roast, shots, drink, milk, sugar = order.unbind(dim=1)
        last = ((milk == 0) & (sugar == 0)).to(torch.int64)
        index = torch.stack([
            size,
            roast * 4 + shots,
            drink * 2 + last,
            milk * 2 + (sugar == 0).to(torch.int64),
            sugar * 2 + (milk > 0).to(torch.int64),
            slow,
        ], dim=1)
        filled = self.fillers[index + self.filler_offsets]
        template = self.templates[reply]
        place = (template - self.units).clamp(min=0)
        return torch.where(template < self.units, template, filled.gather(1, place))

    def speak(self, queue, head):
        """A frame of sound from block `head` of the queue on, with the words that begin in it."""
        lengths, starts = self.length[queue], self.start[queue]
        ends = lengths.cumsum(dim=1)
        begins = ends - lengths
        total = ends[:, -1]
        speaks = head < total
        # The block behind a unit's end is its fade-out; it sounds with the next unit's first block.
        tails = torch.where((lengths > 0) & (starts > 0), starts + lengths, torch.zeros_like(starts))
        before, last = [], torch.zeros_like(head)
        for i in range(QUEUE):
            before.append(last)
            last = torch.where(lengths[:, i] > 0, tails[:, i], last)
        before = torch.stack(before, dim=1)
        at = head[:, None] + torch.arange(FRAME_BLOCKS)[None, :]
        unit = (ends[:, None, :] <= at[:, :, None]).to(torch.int64).sum(dim=2)
        playing = unit < QUEUE
        unit = unit.clamp(max=QUEUE - 1)
        within = at - begins.gather(1, unit)
        first = starts.gather(1, unit)
        block = torch.where(playing & (first > 0), first + within, torch.zeros_like(first))
        tail = torch.where(playing & (within == 0), before.gather(1, unit), torch.zeros_like(first))
        sound = self.blocks[block].to(torch.float32) + self.blocks[tail].to(torch.float32)
        speech = (sound / 32768.0).reshape(-1, FRAME_BLOCKS * BLOCK_SAMPLES)
        text, times = self._words(queue, begins, head)
        return speech, text, times, speaks, head + speaks.to(torch.int64) * FRAME_BLOCKS

    def _words(self, queue, begins, head):
        """Words that begin in this frame: ids [B, TOKENS] and samples [B, TOKENS, 2] from the
        frame's first sample to their start and end."""
        words = self.words[queue]  # [B, QUEUE, W, 3]
        offset = (begins - head[:, None])[:, :, None]
        start = words[:, :, :, 1] + offset
        end = words[:, :, :, 2] + offset
        here = (words[:, :, :, 0] > 0) & (start >= 0) & (start < FRAME_BLOCKS)
        # The earliest first: whoever is not here comes last.
        rank = torch.where(here, FRAME_BLOCKS - start, torch.zeros_like(start)).flatten(1)
        rank, index = rank.topk(TOKENS, dim=1)
        found = rank > 0
        nothing = torch.zeros_like(index)
        text = torch.where(found, words[:, :, :, 0].flatten(1).gather(1, index), nothing)
        start = torch.where(found, start.flatten(1).gather(1, index), nothing)
        end = torch.where(found, end.flatten(1).gather(1, index), nothing)
        return text, torch.stack([start, end], dim=2) * BLOCK_SAMPLES
