"""Synthetic callers: flite, festival and espeak-ng in this process, with the time of every word.

Needs Debian's flite, festival (voices ked and slt-hts) and espeak-ng. A voice is one of VOICES; every
utterance draws its own speed, pitch and size of the speaker (by resampling), so that a few voices
become many callers. Exact times come from the synthesisers themselves.
"""

from __future__ import annotations

import ctypes as c
import random
import re
import subprocess
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from scipy.signal import resample_poly

RATE_HZ = 16_000

FLITE = {"slt": "cmu_us_slt", "rms": "cmu_us_rms", "awb": "cmu_us_awb", "kal": "cmu_us_kal",
         "kal16": "cmu_us_kal16"}
FESTIVAL = {"ked": "ked_diphone", "hts": "cmu_us_slt_arctic_hts"}
ESPEAK_VARIANTS = ["", "+m1", "+m2", "+m3", "+m4", "+m5", "+m6", "+m7", "+f1", "+f2", "+f3", "+f4",
                   "+f5", "+linda", "+steph", "+travis", "+max", "+michel", "+norbert", "+sandro",
                   "+victor", "+zac", "+iven", "+john", "+klatt", "+klatt2", "+klatt4", "+Alex",
                   "+Andrea", "+Annie", "+Gene", "+Lee", "+Michael", "+adam", "+anika", "+belinda"]
ESPEAK_ACCENTS = ["en-us", "en-us", "en-us", "en-us", "en", "en-gb-scotland", "en-029",
                  "en-us-nyc", "en-gb-x-rp"]

# What the lexicons get wrong, spelt as they get it right.
FLITE_SPELLING = {"latte": "lottay", "mhm": "um hum", "uh-huh": "uh huh",
                  "mm": "hum", "hmm": "hum", "mocha": "moca"}
ESPEAK_SPELLING = {"mhm": "um-hum", "mm": "hum", "hmm": "hum"}


@dataclass
class Spoken:
    """Sound (16 kHz, ±1) with the end of every word and of every phone, in seconds."""

    sound: np.ndarray
    starts: list[float]
    ends: list[float]
    phones: list[tuple[str, float]] = field(default_factory=list)
    voice: str = ""


class Wave(c.Structure):
    _fields_ = [("type", c.c_char_p), ("rate", c.c_int), ("samples", c.c_int), ("channels", c.c_int),
                ("data", c.POINTER(c.c_short))]


class Voice(c.Structure):
    _fields_ = [("name", c.c_char_p), ("features", c.c_void_p)]


@cache
def flite() -> Any:
    lib = c.CDLL("libflite.so.1", mode=c.RTLD_GLOBAL)
    for other in ("usenglish", "cmulex"):
        c.CDLL(f"libflite_{other}.so.1", mode=c.RTLD_GLOBAL)
    p, s = c.c_void_p, c.c_char_p
    signatures: list[tuple[str, Any, list[Any]]] = [
        ("flite_synth_text", p, [s, p]), ("utt_wave", c.POINTER(Wave), [p]),
        ("utt_relation", p, [p, s]), ("relation_head", p, [p]), ("item_next", p, [p]),
        ("flite_ffeature_float", c.c_float, [p, s]), ("flite_ffeature_string", s, [p, s]),
        ("path_to_item", p, [p, s]), ("delete_utterance", None, [p]),
        ("feat_set_float", None, [p, s, c.c_float]),
    ]
    for name, result, arguments in signatures:
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    lib.flite_init()
    return lib


@cache
def flite_voice(name: str) -> int:
    flite()
    lib = c.CDLL(f"libflite_{name}.so.1", mode=c.RTLD_GLOBAL)
    register = getattr(lib, f"register_{name}")
    register.restype = c.c_void_p
    return register(None)


def spell(text: str, spelling: dict[str, str]) -> tuple[str, list[int]]:
    """Text for an engine, and how many of its tokens each word has become."""
    parts, counts = [], []
    for word in text.split():
        core, tail = re.fullmatch(r"(.*?)([,.?]*)", word).groups()  # type: ignore[union-attr]
        said = spelling.get(core, core)
        parts.append(said + tail)
        counts.append(len(said.split()))
    return " ".join(parts), counts


def merge(counts: list[int], starts: list[float], ends: list[float]) -> tuple[list[float], list[float]]:
    """Times of the engine's tokens → times of our words."""
    if sum(counts) != len(starts):
        raise ValueError(f"{len(starts)} tokens for {counts}")
    first = np.cumsum([0, *counts])
    return ([starts[first[i]] for i in range(len(counts))],
            [ends[first[i + 1] - 1] for i in range(len(counts))])


def by_token(segments: list[tuple[str, float, Any]]) -> tuple[list[float], list[float]]:
    starts, ends, last, before = [], [], None, 0.0
    for _, end, token in segments:
        if token is not None and token == last:
            ends[-1] = end
        elif token is not None:
            starts.append(before)
            ends.append(end)
        if token is not None:
            last = token
        before = end
    return starts, ends


def speak_flite(text: str, voice: str, stretch: float, pitch: float) -> Spoken:
    """`pitch` multiplies the voice's own."""
    lib, handle = flite(), flite_voice(FLITE[voice])
    features = c.cast(handle, c.POINTER(Voice)).contents.features
    base = {"slt": 170.0, "rms": 96.0, "awb": 120.0}.get(voice, 105.0)
    lib.feat_set_float(features, b"duration_stretch", stretch)
    lib.feat_set_float(features, b"int_f0_target_mean", base * pitch)
    said, counts = spell(text, FLITE_SPELLING)
    utterance = lib.flite_synth_text(said.encode(), handle)
    wave = lib.utt_wave(utterance).contents
    sound = np.ctypeslib.as_array(wave.data, (wave.samples,)).astype(np.float32) / 32768
    if wave.rate != RATE_HZ:
        sound = resample_poly(sound, RATE_HZ, wave.rate).astype(np.float32)
    segments = []
    item = lib.relation_head(lib.utt_relation(utterance, b"Segment"))
    while item:
        token = lib.path_to_item(item, b"R:SylStructure.parent.parent.R:Token.parent")
        segments.append((lib.flite_ffeature_string(item, b"name").decode(),
                         lib.flite_ffeature_float(item, b"end"), token))
        item = lib.item_next(item)
    lib.delete_utterance(utterance)
    starts, ends = merge(counts, *by_token(segments))
    return Spoken(sound, starts, ends, [(n, e) for n, e, _ in segments], voice)


class Event(c.Structure):
    _fields_ = [("type", c.c_int), ("unique", c.c_uint), ("text", c.c_int), ("length", c.c_int),
                ("ms", c.c_int), ("sample", c.c_int), ("user", c.c_void_p), ("id", c.c_char * 8)]


_said: list[np.ndarray] = []
_events: list[tuple[int, int, int]] = []
_CALLBACK = c.CFUNCTYPE(c.c_int, c.POINTER(c.c_short), c.c_int, c.POINTER(Event))


@_CALLBACK
def _heard(data: Any, samples: int, events: Any) -> int:
    if data and samples:
        _said.append(np.ctypeslib.as_array(data, (samples,)).copy())
    i = 0
    while events[i].type:
        _events.append((events[i].type, events[i].text, events[i].ms))
        i += 1
    return 0


@cache
def espeak() -> Any:
    lib = c.CDLL("libespeak-ng.so.1")
    if lib.espeak_Initialize(2, 0, None, 0) != 22_050:
        raise RuntimeError("espeak-ng does not speak at 22.05 kHz")
    lib.espeak_SetSynthCallback(_heard)
    return lib


def speak_espeak(text: str, voice: str, words_per_minute: int, pitch: int, spread: int) -> Spoken:
    lib = espeak()
    if lib.espeak_SetVoiceByName(voice.encode()) != 0:
        raise ValueError(f"espeak-ng has no voice {voice}")
    lib.espeak_SetParameter(1, words_per_minute, 0)
    lib.espeak_SetParameter(3, pitch, 0)
    lib.espeak_SetParameter(4, spread, 0)
    said, counts = spell(text, ESPEAK_SPELLING)
    _said.clear()
    _events.clear()
    data = said.encode()
    lib.espeak_Synth(data, len(data) + 1, 0, 1, 0, 1, None, None)
    lib.espeak_Synchronize()
    sound = np.concatenate(_said).astype(np.float32) / 32768
    at = {place - 1: ms / 1000 for kind, place, ms in reversed(_events) if kind == 1}
    end = max((ms for kind, _, ms in _events if kind == 5), default=len(sound) / 22.05) / 1000
    places = [m.start() for m in re.finditer(r"\S+", said)]
    starts = word_starts(places, at, end, [len(w) for w in said.split()])
    sizes = [len(w) for w in said.split()]
    ends = [min(after, start + 0.15 + 0.1 * size)
            for start, after, size in zip(starts, [*starts[1:], end], sizes)]
    ends[-1] = end
    starts, ends = merge(counts, starts, ends)
    return Spoken(resample_poly(sound, 320, 441).astype(np.float32), starts, ends, [], "espeak " + voice)


def word_starts(places: list[int], at: dict[int, float], end: float, sizes: list[int]) -> list[float]:
    """Starts of all words where the engine ran some together: the missing ones by letters."""
    known = [at.get(p) for p in places]
    known[0] = 0.0 if known[0] is None else known[0]
    starts: list[float] = []
    for i, start in enumerate(known):
        if start is None:
            last = max(j for j in range(i) if known[j] is not None)
            after = next((j for j in range(i, len(known)) if known[j] is not None), len(known))
            stop = end if after == len(known) else known[after]
            share = sum(sizes[last:i]) / sum(sizes[last:after])
            start = known[last] + (stop - known[last]) * share  # type: ignore[operator]
        starts.append(start)
    return starts


FESTIVAL_SCRIPT = """
(define (one text file stretch)
  (Parameter.set 'Duration_Stretch stretch)
  (set! u (utt.synth (eval (list 'Utterance 'Text text))))
  (utt.save.wave u file 'riff)
  (mapcar (lambda (s) (format t "%s %f %s|" (item.name s) (item.feat s 'end)
     (item.feat s "R:SylStructure.parent.parent.R:Token.parent.name")))
     (utt.relation.items u 'Segment))
  (format t "\\n"))
"""


def speak_festival(texts: list[str], voice: str, stretches: list[float]) -> list[Spoken | None]:
    """Many at once, for the program starts slowly; None where words and times do not fit."""
    with tempfile.TemporaryDirectory() as folder:
        said = [spell(text, FLITE_SPELLING) for text in texts]
        script = FESTIVAL_SCRIPT + f"(voice_{FESTIVAL[voice]})\n" + "\n".join(
            f'(one "{said[i][0]}" "{folder}/{i}.wav" {stretches[i]:.3f})' for i in range(len(texts)))
        path = Path(folder, "say.scm")
        path.write_text(script)
        out = subprocess.run(["festival", "-b", str(path)], capture_output=True, text=True, check=True)
        lines = [line for line in out.stdout.splitlines() if "|" in line]
        return [festival_line(line, f"{folder}/{i}.wav", said[i][1], voice)
                for i, line in enumerate(lines)]


def festival_line(line: str, file: str, counts: list[int], voice: str) -> Spoken | None:
    segments: list[tuple[str, float, Any]] = []
    for part in line.strip("|\n").split("|"):
        name, end, token = part.split(" ")[:3]
        segments.append((name, float(end), None if token == "0" else token))
    sound, rate = soundfile.read(file, dtype="float32")
    if rate != RATE_HZ:
        sound = resample_poly(sound, RATE_HZ, rate).astype(np.float32)
    try:
        starts, ends = merge(counts, *by_token(segments))
    except ValueError:  # two equal words in a row look like one here
        return None
    return Spoken(sound, starts, ends, [(n, e) for n, e, _ in segments], voice)


def resized(spoken: Spoken, percent: int) -> Spoken:
    """The same from a larger or smaller mouth: played at percent/100 of the speed."""
    if percent == 100:
        return spoken
    by = 100 / percent
    sound = resample_poly(spoken.sound, 100, percent).astype(np.float32)
    return Spoken(sound, [t * by for t in spoken.starts], [t * by for t in spoken.ends],
                  [(n, t * by) for n, t in spoken.phones], spoken.voice)


def random_espeak(text: str, rng: random.Random) -> Spoken:
    voice = rng.choice(ESPEAK_ACCENTS) + rng.choice(ESPEAK_VARIANTS)
    return speak_espeak(text, voice, rng.randint(130, 210), rng.randint(20, 75), rng.randint(20, 80))
