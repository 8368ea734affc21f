"""Sounds that are no speech to be answered: café babble, clatter, steam, hum, hiss, coughs.

All synthesised; `rng` is numpy's. 16 kHz, about unit RMS unless told otherwise (a cough is as loud as
its loudest 20 ms).
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from scipy.signal import butter, fftconvolve, sosfilt

RATE_HZ = 16_000
Sound = np.ndarray


def unit(sound: Sound) -> Sound:
    return (sound / (np.sqrt(np.mean(sound**2)) + 1e-9)).astype(np.float32)


def coloured(samples: int, slope: float, rng: Generator) -> Sound:
    """Noise whose amplitude falls with frequency to the power `slope` (0 white, 0.5 pink, 1 brown)."""
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    hz = np.fft.rfftfreq(samples, 1 / RATE_HZ)
    return unit(np.fft.irfft(spectrum / np.maximum(hz, 20) ** slope, samples))


def band(sound: Sound, low_hz: float, high_hz: float, order: int = 2) -> Sound:
    sos = butter(order, [low_hz, high_hz], "band", fs=RATE_HZ, output="sos")
    return sosfilt(sos, sound).astype(np.float32)


def hum(samples: int, rng: Generator) -> Sound:
    """Mains and its overtones, with a fan's hiss."""
    t = np.arange(samples) / RATE_HZ
    base = rng.choice([50.0, 60.0]) * rng.uniform(0.99, 1.01)
    sound = sum(rng.uniform(0, 1) / k * np.sin(2 * np.pi * base * k * t + rng.uniform(0, 6.28))
                for k in range(1, 12))
    return unit(unit(np.asarray(sound)) + rng.uniform(0.05, 0.5) * coloured(samples, 0.7, rng))


def steam(samples: int, rng: Generator) -> Sound:
    """An espresso machine: hiss that swells and dies, with a low grind now and then."""
    envelope = np.interp(np.arange(samples), np.linspace(0, samples, 12),
                         rng.uniform(0, 1, 12) ** 2 + 0.02)
    low = rng.uniform(300, 2500)
    hiss = band(rng.standard_normal(samples), low, rng.uniform(4000, 7800))
    t = np.arange(samples) / RATE_HZ
    grind = np.sign(np.sin(2 * np.pi * rng.uniform(60, 180) * t)) * rng.uniform(0, 0.4)
    grind = band(grind + 0.0 * t, 100, 3000)
    return unit(unit(hiss) * envelope + grind * envelope[::-1])


def clatter(samples: int, rng: Generator) -> Sound:
    """Cups, spoons and plates: short ringing hits over a low room noise."""
    sound = coloured(samples, 0.7, rng) * 0.05
    for _ in range(max(1, int(samples / RATE_HZ * rng.uniform(0.7, 5)))):
        length = int(RATE_HZ * rng.uniform(0.03, 0.35))
        t = np.arange(length) / RATE_HZ
        hit = sum(rng.uniform(0.2, 1) * np.sin(2 * np.pi * rng.uniform(600, 7000) * t)
                  for _ in range(rng.integers(2, 7)))
        hit = (hit + rng.standard_normal(length)) * np.exp(-t * rng.uniform(12, 90))
        at = rng.integers(0, max(1, samples - length))
        sound[at:at + length] += (hit * rng.uniform(0.1, 1) ** 2)[: samples - at]
    return unit(sound)


def babble(samples: int, voices: list[Sound], rng: Generator) -> Sound:
    """Several people at once, at different distances, in a room."""
    sound = np.zeros(samples, np.float32)
    for _ in range(int(rng.integers(4, 13))):
        one = np.concatenate([voices[i] for i in rng.integers(0, len(voices), 14)])
        one = np.roll(np.resize(unit(one), samples), rng.integers(0, samples))
        sound += one * rng.uniform(0.3, 1)
    return unit(echoed(sound, rng.uniform(0.3, 1.0), rng, near=0.3))


def echoed(sound: Sound, decay_s: float, rng: Generator, near: float = 1.0) -> Sound:
    """In a room whose sound decays by 60 dB in `decay_s`; `near` weighs the direct sound."""
    length = int(RATE_HZ * min(decay_s, 0.6))
    tail = rng.standard_normal(length) * 10 ** (-3 * np.arange(length) / RATE_HZ / decay_s)
    tail[: int(RATE_HZ * 0.004)] = 0
    tail = band(tail, 150, rng.uniform(3000, 7000), 1)
    tail *= rng.uniform(0.15, 0.8) / (np.sqrt(np.sum(tail**2)) + 1e-9)
    tail[0] += near
    return fftconvolve(sound, tail)[: len(sound)].astype(np.float32)


def room(samples: int, rng: Generator) -> Sound:
    """A quiet place: coloured noise that moves slowly."""
    envelope = np.interp(np.arange(samples), np.linspace(0, samples, 8), rng.uniform(0.5, 1, 8))
    return unit(coloured(samples, rng.uniform(0, 1), rng) * envelope)


def cough(rng: Generator) -> Sound:
    """One to three bursts of breath through a throat, some with a voiced end; also throat
    clearing and sniffs."""
    parts = []
    for _ in range(int(rng.integers(1, 4))):
        length = int(RATE_HZ * rng.uniform(0.12, 0.4))
        t = np.arange(length) / RATE_HZ
        attack = rng.uniform(0.003, 0.03)
        envelope = np.minimum(t / attack, 1) * np.exp(-t * rng.uniform(6, 25))
        source = rng.standard_normal(length)
        if rng.random() < 0.5:
            pitch = rng.uniform(80, 280) * np.exp(-t * rng.uniform(0, 2))
            buzz = np.sign(np.sin(2 * np.pi * np.cumsum(pitch) / RATE_HZ) - 0.7)
            source = source * 0.7 + buzz * rng.uniform(0.2, 1.2) * (t > length / RATE_HZ * 0.3)
        shaped = sum(rng.uniform(0.3, 1) * unit(band(source, f, f * rng.uniform(1.25, 1.8), 1))
                     for f in rng.uniform(300, 4200, 4))
        parts += [shaped * envelope, np.zeros(int(RATE_HZ * rng.uniform(0.03, 0.2)))]
    sound = np.concatenate(parts).astype(np.float32)
    return sound / (np.abs(sound).max() + 1e-9) * 0.5
