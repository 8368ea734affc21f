"""The listening half of barista: 80 ms of sound in, words, slots, intent and turn state out.

Log-mels inside the module, three causal convolutions down to one vector a frame, two GRUs that
never forget on purpose (the trunk), and one GRU of the turn that forgets when told so (`fresh`).
Nothing looks ahead; all memory is in the state. Written twice with the same weights: `forward` for
one frame (exported, no control flow on data) and `sequence` for training. A check in `make.py
evaluate` holds the two together.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from listener_names import INTENTS, SLOT_CLASSES, SLOT_WORDS, SLOTS, WORD_CLASSES, WORDS

RATE_HZ = 16_000
FRAME_SAMPLES = 1280  # 80 ms
HOP_SAMPLES = 160  # 10 ms
WINDOW_SAMPLES = 400  # 25 ms
FFT_SAMPLES = 512
MELS = 48
MELS_PER_FRAME = FRAME_SAMPLES // HOP_SAMPLES
KERNEL, STRIDE = 5, 2
CHANNELS = (128, 192, 256)
HIDDEN = 256
WORD_SIZE = 48  # width of the word evidence that the turn GRU reads
TURN = 160
PHONES = 41  # ARPAbet and silence, for training only

State = tuple[Tensor, ...]
Outputs = dict[str, Tensor]


def mel_basis(low_hz: float = 80.0, high_hz: float = 7600.0) -> Tensor:
    """Triangular filters, [bins, MELS], on the power spectrum; unit peak."""

    def mel(hz: float) -> float:
        return 2595 * math.log10(1 + hz / 700)

    edges = torch.linspace(mel(low_hz), mel(high_hz), MELS + 2, dtype=torch.float64)
    hz = 700 * (10 ** (edges / 2595) - 1)
    bins = torch.arange(FFT_SAMPLES // 2 + 1, dtype=torch.float64) * RATE_HZ / FFT_SAMPLES
    up = (bins[:, None] - hz[None, :-2]) / (hz[1:-1] - hz[:-2])
    down = (hz[None, 2:] - bins[:, None]) / (hz[2:] - hz[1:-1])
    return torch.minimum(up, down).clamp(min=0).float()


def fourier_basis() -> Tensor:
    """Hann-windowed cosines and sines as convolution kernels, [2 * bins, 1, WINDOW_SAMPLES]."""
    n = torch.arange(WINDOW_SAMPLES, dtype=torch.float64)
    window = 0.5 - 0.5 * torch.cos(2 * math.pi * n / WINDOW_SAMPLES)
    k = torch.arange(FFT_SAMPLES // 2 + 1, dtype=torch.float64)
    angle = 2 * math.pi * k[:, None] * n[None, :] / FFT_SAMPLES
    both = torch.cat([torch.cos(angle), torch.sin(angle)]) * window
    return both.float()[:, None, :]


class MelFront(nn.Module):
    """Sound to mel power. Full scale ±1; a full-scale sine has about 10^4 in its band."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("fourier", fourier_basis(), persistent=False)
        self.register_buffer("mel", mel_basis(), persistent=False)

    def forward(self, pcm: Tensor) -> Tensor:
        """pcm [B, 240 + 160 n] → mel power [B, n, MELS]."""
        both = F.conv1d(pcm[:, None, :], self.fourier, stride=HOP_SAMPLES)
        bins = FFT_SAMPLES // 2 + 1
        power = both[:, :bins] ** 2 + both[:, bins:] ** 2
        return power.transpose(1, 2) @ self.mel


def log_mel(power: Tensor) -> Tensor:
    """Mel power → about −2…2. The floor is near −72 dBFS of white noise, so that digital silence
    and a quiet line look alike."""
    return (torch.log(power + 1e-4) + 2.0) * 0.25


class Listener(nn.Module):
    """See the top of the file. B is the batch axis everywhere; float32."""

    def __init__(self) -> None:
        super().__init__()
        self.front = MelFront()
        sizes = (MELS, *CHANNELS)
        self.convs = nn.ModuleList(
            nn.Conv1d(sizes[i], sizes[i + 1], KERNEL, stride=STRIDE) for i in range(3)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(c) for c in CHANNELS)
        self.gru1 = nn.GRU(CHANNELS[-1], HIDDEN, batch_first=True)
        self.gru2 = nn.GRU(HIDDEN, HIDDEN, batch_first=True)
        for name in SLOTS:
            for kind, table in zip(("needed", "allowed"), word_tables(name)):
                self.register_buffer(f"{kind}_{name}", table, persistent=False)
        places = torch.tensor([WORDS.index(word) + 1 for word in SLOT_WORDS])
        self.register_buffer("slot_words", places, persistent=False)
        self.drop = nn.Dropout(0.0)  # while training only; see train.Cycle
        self.words = nn.Linear(HIDDEN, 2 * WORD_CLASSES)
        self.voice = nn.Linear(HIDDEN, 1)
        self.evidence = nn.Linear(2 * WORD_CLASSES, WORD_SIZE)
        self.turn = nn.GRU(HIDDEN + WORD_SIZE, TURN, batch_first=True)
        self.slots = nn.ModuleDict({n: nn.Linear(TURN, c) for n, c in SLOT_CLASSES.items()})
        self.intent = nn.Linear(TURN, len(INTENTS))
        self.act = nn.Linear(TURN, 3)
        self.floor = nn.Linear(TURN, 1)
        # Training only: they give the trunk something to learn before CTC does.
        self.phones = nn.Linear(HIDDEN, 2 * PHONES)
        self.aligned = nn.Linear(HIDDEN, 2 * WORD_CLASSES)
        self.pending = nn.Linear(TURN, 6)  # an amount was said, and not yet of what

    def initial_state(self, batch: int) -> State:
        """All zeros: the first frame of a call. Shapes: state_shapes()."""
        weight = self.words.weight
        return tuple(weight.new_zeros(batch, *shape) for shape in self.state_shapes().values())

    @staticmethod
    def state_shapes() -> dict[str, tuple[int, ...]]:
        """Names and shapes (without B) of the state, in order."""
        past = KERNEL - STRIDE
        return {
            "pcm_past": (WINDOW_SAMPLES - HOP_SAMPLES,),
            "conv1_past": (MELS, past),
            "conv2_past": (CHANNELS[0], past),
            "conv3_past": (CHANNELS[1], past),
            "gru1": (HIDDEN,),
            "gru2": (HIDDEN,),
            "turn": (TURN,),
            "heard": (len(SLOT_WORDS),),
        }

    def forward(self, pcm: Tensor, state: State, fresh: Tensor) -> tuple[Outputs, State]:
        """One frame.

        pcm [B, 1280] at 16 kHz, ±1; fresh [B], 1 or true where a new turn of the caller begins with
        this frame. Outputs: hidden [B, 256]; words [B, 2, V] log-probabilities of the frame's two
        40 ms halves; slots: logits by name; intent [B, K] and act [B, 3] logits; floor [B] logit of
        the caller saying more than "mhm" or "yes" in this turn; voice [B] logit of speech in this very frame; missing and extra [B], see doubts(). Words, voice and act lag the sound by about 100 ms.
        """
        pcm_past, past1, past2, past3, h1, h2, turn, heard = state
        joined = torch.cat([pcm_past, pcm], dim=1)
        x = log_mel(self.front(joined)).transpose(1, 2)
        pasts = []
        for conv, norm, past in zip(self.convs, self.norms, (past1, past2, past3)):
            x = torch.cat([past, x], dim=2)
            pasts.append(x[:, :, -(KERNEL - STRIDE):])
            x = F.relu(norm(conv(x).transpose(1, 2))).transpose(1, 2)
        h1 = gru_step(self.gru1, x[:, :, 0], h1)
        h2 = gru_step(self.gru2, h1, h2)
        hidden = h1 + h2
        words = self.word_logs(hidden)
        keep = (1.0 - fresh.to(turn.dtype))[:, None]
        turn, heard = turn * keep, torch.maximum(heard * keep, self.evident(words))
        turn = gru_step(self.turn, self.turn_input(hidden, words), turn)
        outputs = self.heads(hidden, words, turn)
        outputs |= self.doubts(outputs, heard)
        return outputs, (joined[:, -(WINDOW_SAMPLES - HOP_SAMPLES):], *pasts, h1, h2, turn, heard)

    def trunk(self, features: Tensor, h1: Tensor, h2: Tensor) -> tuple[Tensor, State]:
        """Training: log-mels [B, 8 T, MELS] from the first frame on, GRU states [B, 256] →
        hidden [B, T, 256] and the GRU states after it."""
        x = features.transpose(1, 2)
        for conv, norm in zip(self.convs, self.norms):
            x = F.pad(x, (KERNEL - STRIDE, 0))
            x = F.relu(norm(conv(x).transpose(1, 2))).transpose(1, 2)
        first, h1 = self.gru1(self.drop(x.transpose(1, 2)), h1[None].contiguous())
        second, h2 = self.gru2(self.drop(first), h2[None].contiguous())
        return first + second, (h1[0], h2[0])

    def turns(self, hidden: Tensor, words: Tensor) -> Tensor:
        """Training: the turn GRU over [B, T, …] of one turn, from its first frame on."""
        return self.turn(self.drop(self.turn_input(hidden, words)))[0]

    def sequence(self, pcm: Tensor) -> Outputs:
        """All frames of whole calls [B, 1280 T] at once, every call one turn; as forward() would."""
        padded = F.pad(pcm, (WINDOW_SAMPLES - HOP_SAMPLES, 0))
        zero = self.words.weight.new_zeros(len(pcm), HIDDEN)
        hidden, _ = self.trunk(log_mel(self.front(padded)), zero, zero)
        words = self.word_logs(hidden)
        outputs = self.heads(hidden, words, self.turns(hidden, words))
        return outputs | self.doubts(outputs, self.evident(words).cummax(dim=1).values)

    def evident(self, words: Tensor) -> Tensor:
        """Probability that a slot word ended in this frame: [..., 2, V] → [..., SLOT_WORDS]."""
        return words.exp().amax(dim=-2).index_select(-1, self.slot_words)

    def doubts(self, outputs: Outputs, heard: Tensor) -> Outputs:
        """Whether the words agree with the slots, 0 (they do) to 1: `missing`, a word that the slots
        need was not heard; `extra`, a word was heard that they do not need."""
        needed, allowed = heard * 0.0, heard * 0.0  # of any batch, also when exported
        for name in SLOTS:
            value = outputs[f"slot_{name}"].argmax(dim=-1)
            needed = torch.maximum(needed, getattr(self, f"needed_{name}")[value])
            allowed = torch.maximum(allowed, getattr(self, f"allowed_{name}")[value])
        return {"missing": (needed * (1.0 - heard)).amax(dim=-1),
                "extra": ((1.0 - allowed) * heard).amax(dim=-1)}

    def word_logs(self, hidden: Tensor) -> Tensor:
        """[..., 256] → log-probabilities [..., 2, V]."""
        logits = self.words(hidden).unflatten(-1, (2, WORD_CLASSES))
        return torch.log_softmax(logits, dim=-1)

    def turn_input(self, hidden: Tensor, words: Tensor) -> Tensor:
        return torch.cat([hidden, self.evidence(words.exp().flatten(-2))], dim=-1)

    def heads(self, hidden: Tensor, words: Tensor, turn: Tensor) -> Outputs:
        return {
            "hidden": hidden,
            "words": words,
            **{f"slot_{name}": head(turn) for name, head in self.slots.items()},
            "intent": self.intent(turn),
            "act": self.act(turn),
            "floor": self.floor(turn).squeeze(-1),
            "voice": self.voice(hidden).squeeze(-1),
        }


def word_tables(name: str) -> tuple[Tensor, Tensor]:
    """For every class of a slot, the words that it needs and the words that it explains."""
    needed = torch.zeros(SLOT_CLASSES[name], len(SLOT_WORDS))
    for i, value in enumerate(SLOTS[name]):
        for word in value.split():
            if word in SLOT_WORDS:
                needed[i + 1, SLOT_WORDS.index(word)] = 1
    allowed = needed.clone()
    if "without" in SLOTS[name]:  # "no soy milk" has the words of what it takes away
        allowed[SLOTS[name].index("without") + 1] = needed.amax(dim=0)
    return needed, allowed


def gru_step(gru: nn.GRU, x: Tensor, h: Tensor) -> Tensor:
    """One step of a one-layer nn.GRU, spelt out: x [B, in], h [B, n] → [B, n]."""
    a = F.linear(x, gru.weight_ih_l0, gru.bias_ih_l0)
    b = F.linear(h, gru.weight_hh_l0, gru.bias_hh_l0)
    ar, az, an = a.chunk(3, dim=1)
    br, bz, bn = b.chunk(3, dim=1)
    r, z = torch.sigmoid(ar + br), torch.sigmoid(az + bz)
    n = torch.tanh(an + r * bn)
    return n + z * (h - n)
