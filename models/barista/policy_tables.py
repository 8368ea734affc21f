"""What the agent does, as tables: phases of the conversation, events, replies, and who follows whom.

Everything here is data that `policy.py` turns into tensors; nothing of it runs with the model.
"""

# Where the conversation stands. A call begins in START (0).
PHASES = [
    "start",  # nothing was said yet
    "open",  # an order is waited for
    "ask",  # the order lacks its drink, or is to be changed
    "confirm",  # the order was read back: silence means yes
    "shall",  # the agent asked: only a yes is one
    "tool",  # place_order runs
    "done",  # the order is placed, or the call is as good as over
]

# What can happen between two frames. `none` is 0.
EVENTS = [
    "none",
    "time",  # nobody has said anything for a moment at the beginning
    "complete",  # the caller's turn made an order that can be placed
    "incomplete",  # the same, but the drink is missing
    "greeting", "thanks", "menu", "price", "yes", "no", "cancel", "repeat", "slower", "goodbye",
    "stop",
    "unclear",  # something was said, nobody knows what
    "consent",  # silence after the order was read back
    "placed", "failed",  # what the tool brought
    "late",  # the tool takes its time
]

INTENT_EVENTS = {
    "greeting": "greeting", "thanks": "thanks", "menu": "menu", "price": "price", "yes": "yes",
    "no": "no", "cancel": "cancel", "repeat": "repeat", "slower": "slower",
    "goodbye": "goodbye", "stop": "stop", "unclear": "unclear",
    "backchannel": "none",
    # With slots they are `complete` or `incomplete`; without any, nobody knows.
    "order": "unclear", "correction": "unclear",
}

# Said in one word, these stop the agent while it speaks.
STOPPING = ["order", "correction", "no", "cancel", "repeat", "slower", "goodbye", "stop"]

READ_BACK = ["<head>", "<gap>", "<middle>", "<gap>", "<drink>", "<gap>", "<milk>", "<gap>",
             "<sugar>", "pause"]


def said(*names):
    keys = []
    for name in names:
        keys += (["pause"] if keys else []) + [f"say:{name}"]
    return keys


# Units one after the other; `<…>` is filled in from the order. The first is silence.
REPLIES = {
    "nothing": [],
    "greeting": said("greeting"),
    "hello": said("hello"),
    "what": said("what"),
    "which_drink": said("which_drink"),
    "read_back": [*READ_BACK, "say:placing_soon"],
    "read_back_shall": [*READ_BACK, "say:shall_i"],
    "shall": said("shall_i"),
    "placing": said("placing"),
    "placed": said("placed", "anything"),
    "failed": said("failed"),
    "late": said("late"),
    "hold": said("hold"),
    "cancelled": said("cancelled"),
    "nothing_to_cancel": said("nothing_to_cancel"),
    "already_placed": said("already_placed", "anything"),
    "change": said("change"),
    "unclear": said("unclear", "again"),
    "unclear_shall": ["say:unclear", "pause", *READ_BACK, "say:shall_i"],
    "menu": said("menu", "what"),
    "menu_shall": ["say:menu", "pause", "say:shall_i"],
    "price": said("price", "what"),
    "price_shall": said("price", "shall_i"),
    "price_done": said("price", "anything"),
    "slower": said("slower", "what"),
    "slower_drink": said("slower", "which_drink"),
    "slower_shall": ["say:slower", "pause", *READ_BACK, "say:shall_i"],
    "slower_done": said("slower", "anything"),
    "welcome": said("welcome", "what"),
    "welcome_done": said("welcome"),
    "bye": said("bye"),
    "no_more": said("then_no"),
    "anything": said("anything"),
}

# What comes with a move, as bits.
CLEAR, MERGE, CALL, SLOW = 1, 2, 4, 8

OPENING = {
    "complete": ("read_back", "confirm", MERGE),
    "incomplete": ("which_drink", "ask", MERGE),
    "greeting": ("hello", "open", 0),
    "thanks": ("welcome", "open", 0),
    "menu": ("menu", "open", 0),
    "price": ("price", "open", 0),
    "yes": ("what", "open", 0),
    "no": ("no_more", "done", 0),
    "cancel": ("nothing_to_cancel", "open", CLEAR),
    "repeat": ("what", "open", 0),
    "slower": ("slower", "open", SLOW),
    "goodbye": ("bye", "done", 0),
    "unclear": ("unclear", "open", 0),
}

READ = {
    "complete": ("read_back", "confirm", MERGE),
    "incomplete": ("which_drink", "ask", MERGE),
    "greeting": ("shall", "shall", 0),
    "thanks": ("placing", "tool", CALL),
    "menu": ("menu_shall", "shall", 0),
    "price": ("price_shall", "shall", 0),
    "yes": ("placing", "tool", CALL),
    "no": ("change", "ask", 0),
    "stop": ("change", "ask", 0),
    "cancel": ("cancelled", "open", CLEAR),
    "repeat": ("read_back_shall", "shall", 0),
    "slower": ("slower_shall", "shall", SLOW),
    "goodbye": ("bye", "done", CLEAR),
    "unclear": ("unclear_shall", "shall", 0),
    # An answer that came after it had been given up.
    "placed": ("placed", "done", CLEAR),
}

WAITING = dict.fromkeys(
    ["complete", "incomplete", "greeting", "thanks", "menu", "price", "yes", "no", "cancel",
     "repeat", "slower", "goodbye", "stop", "unclear"],
    ("hold", "tool", 0),
)

# phase → event → (reply, next phase, bits). What is missing changes nothing and says nothing.
MOVES = {
    "start": {**OPENING, "time": ("greeting", "open", 0)},
    "open": OPENING,
    "ask": {
        **OPENING,
        "greeting": ("which_drink", "ask", 0),
        "thanks": ("which_drink", "ask", 0),
        "menu": ("menu", "ask", 0),
        "price": ("price", "ask", 0),
        "yes": ("which_drink", "ask", 0),
        "no": ("cancelled", "open", CLEAR),
        "cancel": ("cancelled", "open", CLEAR),
        "repeat": ("which_drink", "ask", 0),
        "slower": ("slower_drink", "ask", SLOW),
        "goodbye": ("bye", "done", CLEAR),
        "unclear": ("unclear", "ask", 0),
    },
    "confirm": {**READ, "consent": ("placing", "tool", CALL)},
    "shall": READ,
    "tool": {
        **WAITING,
        "placed": ("placed", "done", CLEAR),
        "failed": ("failed", "shall", 0),
        "late": ("late", "tool", 0),
    },
    "done": {
        **OPENING,
        "thanks": ("welcome_done", "done", 0),
        "price": ("price_done", "done", 0),
        "cancel": ("already_placed", "done", 0),
        "repeat": ("anything", "done", 0),
        "slower": ("slower_done", "done", SLOW),
        # What a caller says to somebody else when all is done is not asked about.
        "unclear": ("nothing", "done", 0),
    },
}
