"""Makes the listening half of barista from nothing: `python make.py STEP --data DIR --work DIR`.

Steps: `data` (synthesise the corpus, read the recordings), `train`, `weigh` (when to ask again, see
doubt.py), `evaluate`, `export` (the package, see export.py), or `all`. One seed fixes everything. See README.md for what must be installed.
"""

from __future__ import annotations

import argparse
import os
import pickle
from pathlib import Path

for library in ("OMP", "OPENBLAS"):  # else numpy waits for its own threads
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

import corpus  # noqa: E402
import doubt  # noqa: E402
import evaluate  # noqa: E402
import recordings  # noqa: E402
import train  # noqa: E402


def make_data(data: Path, work: Path, seed: int, processes: int) -> None:
    corpus.make(work / "data", seed, processes)
    clips = recordings.load(data)
    (work / "recordings.pickle").write_bytes(pickle.dumps(clips))
    held = [c for c in clips if c.held_out]
    print(len(clips), "recordings,", len(held), "held out,", sum(c.twin >= 0 for c in clips), "twins")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=["data", "train", "weigh", "evaluate", "export", "all"])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--scale", type=float, default=1.0, help="longer or shorter training")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    chosen = parser.parse_args()
    step, work = chosen.step, chosen.work
    work.mkdir(parents=True, exist_ok=True)
    if not (chosen.data / "barista" / "train.jsonl").exists() and step != "export":
        raise SystemExit(f"{chosen.data}/barista/train.jsonl is not there: --data names the folder of the recordings")
    if step in ("data", "all"):
        make_data(chosen.data, work, chosen.seed, chosen.processes)
    if step in ("train", "all"):
        train.train(work, chosen.data, chosen.scale, chosen.seed)
    if step in ("weigh", "all"):
        doubt.fit(work, chosen.seed)
    if step in ("evaluate", "all"):
        evaluate.evaluate(work, chosen.data, chosen.seed)
    if step in ("export", "all"):
        import export

        export.main(work)


if __name__ == "__main__":
    main()
