"""Plays scripted callers to the policy, without ears: `python policy_check.py`. Prints what is said
and raises AssertionError where a conversation does not go as it should."""

import torch

from listener_names import INTENTS, SLOTS, slot_classes
from mouth import Voice
from policy import FIELDS, ORDER, Policy
from speaker import QUEUE

SURE = 8.0


def one_hot(index, classes):
    logits = torch.zeros(1, classes)
    logits[0, index] = SURE
    return logits


def heard(act="idle", voice=False, intent="unclear", order=None, without=()):
    classes = slot_classes(order or {})
    for what in without:
        classes[f"{what}Kind"] = len(SLOTS[f"{what}Kind"])
    slots = {f"order_{n}": torch.tensor([classes[n]]) for n in SLOTS}
    return {
        **slots,
        "act": one_hot(["idle", "speaking", "finished"].index(act), 3),
        "intent": one_hot(INTENTS.index(intent), len(INTENTS)),
        "voice": torch.tensor([1.0 if voice else -1.0]),
        "right": torch.ones(1),
        "level": torch.tensor([1e-3]),
        "floor": torch.tensor([-SURE if intent in ("backchannel", "yes") or not voice else SURE]),
    }


class Conversation:
    """One call; time goes by in frames."""

    def __init__(self, policy):
        self.policy = policy
        self.state = torch.zeros(1, len(FIELDS), dtype=torch.int64)
        self.queue = torch.zeros(1, QUEUE, dtype=torch.int64)
        self.frame, self.text, self.log, self.calls = 0, "", [], []

    def step(self, what, result=0):
        out = self.policy(what, self.state, self.queue, torch.tensor([self.frame == 0]),
                          torch.tensor([result]))
        self.state, self.queue = out["state"], out["queue"]
        for token in out["text"][0].tolist():
            self.text += self.policy.speaker.vocabulary.words[token]
        mark = int(out["mark"])
        if mark:
            self.log.append((self.frame, [None, "starts", "ends", "yields"][mark]))
        if int(out["call"]):
            self.calls.append(dict(zip(ORDER, out["order"][0].tolist())))
        self.frame += 1
        return mark

    def quiet(self, frames=40, **more):
        for _ in range(frames):
            self.step(heard(**more))

    def until_silent(self):
        for _ in range(300):
            if self.step(heard()) in (2, 3):
                return
        raise AssertionError("it never ends")

    def says(self, frames, intent, order=None, without=()):
        """The caller talks for so many frames, and has finished then."""
        for _ in range(frames):
            self.step(heard("speaking", True, intent, order, without))
        self.text = ""
        for _ in range(6):
            if self.step(heard("finished", False, intent, order, without)) == 1:
                return
        for _ in range(16):
            self.step(heard("finished", False, intent, order, without))

    def expect(self, words):
        print(f"{self.frame:5d} {self.text.strip()}")
        assert self.text.strip() == words, f"wanted {words}"
        self.text = ""


def main():
    policy = Policy(Voice())
    large = {"size": "large", "coffeeDrink": "latte", "roast": "dark roast",
             "milkAmount": "a bit of almond milk"}
    call = Conversation(policy)
    call.quiet(12)
    call.until_silent()
    call.expect("Hello! What can I get for you?")
    call.says(20, "order", large)
    call.until_silent()
    call.expect("One large dark roast latte with a bit of almond milk. I will order that now.")
    call.quiet(17)
    call.until_silent()
    call.expect("Okay, one moment.")
    assert call.calls == [dict(size=3, roast=3, numberOfShots=0, coffeeDrink=5, milkAmount=29,
                               sugarAmount=0)], call.calls
    call.step(heard(), result=1)
    call.quiet(3)
    call.until_silent()
    call.expect("Your order is placed. Thank you. Anything else?")
    call.says(6, "no")
    call.until_silent()
    call.expect("Okay. Have a nice day.")

    # Before the greeting; without a drink; a correction over the read-back; a mere "mhm".
    call = Conversation(policy)
    call.says(10, "order", {"milkAmount": "soy milk", "size": "small"})
    call.until_silent()
    call.expect("Sure. Which drink would you like?")
    call.says(8, "order", {"coffeeDrink": "mocha"})
    call.quiet(5)
    for _ in range(5):
        call.step(heard("speaking", True, "backchannel"))
    assert call.log[-1][1] == "starts", call.log
    call.quiet(8)
    for i in range(4):
        call.step(heard("speaking", True, "correction", {"size": "large"}))
    assert call.log[-1][1] == "yields", call.log
    call.says(6, "correction", {"size": "large"}, without=["milk"])
    call.until_silent()
    call.expect("One large mocha. I will order that now.")
    call.says(5, "slower")
    call.until_silent()
    call.expect("Sure, I will speak more slowly. One large mocha. Shall I order that?")
    call.quiet(60)
    assert not call.calls
    call.says(5, "cancel")
    call.until_silent()
    call.expect("Okay, I have cancelled that. What would you like instead?")
    call.says(8, "unclear")
    call.until_silent()
    call.expect("Sorry, I did not get that. Could you say it again?")
    call.says(8, "order", {"coffeeDrink": "espresso"})
    call.until_silent()
    call.says(5, "yes")
    call.until_silent()
    call.expect("Okay, one moment.")
    call.quiet(70)
    call.expect("It is taking a little longer.")
    call.step(heard(), result=2)
    call.quiet(3)
    call.until_silent()
    call.expect("Sorry, the order did not go through. Shall I try again?")
    call.says(5, "yes")
    call.step(heard(), result=1)
    call.until_silent()
    call.quiet(3)
    call.until_silent()
    call.expect("Okay, one moment. Your order is placed. Thank you. Anything else?")
    assert len(call.calls) == 2 and call.calls[0] == call.calls[1]
    # Silence and noise make it say nothing.
    call.quiet(500, act="idle")
    for _ in range(200):
        call.step(heard("idle", True))
    call.expect("")
    print("as it should")


if __name__ == "__main__":
    with torch.no_grad():
        main()
