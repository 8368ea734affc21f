"""The agent's words by token id, and where they lie in the units of its voice."""


class Vocabulary:
    """`words[0]` is no word. `table` [units][most words of a unit][token, first block, last block]."""

    def __init__(self, voice):
        self.words = [""]
        ids = {}
        most = max(len(words) for words in voice.words)
        self.table = []
        for words in voice.words:
            row = []
            for text, start, end in words:
                if text not in ids:
                    ids[text] = len(self.words)
                    # A space in front: what the tokens spell is the text.
                    self.words.append(f" {text}")
                row.append([ids[text], start, end])
            self.table.append(row + [[0, 0, 0]] * (most - len(row)))
