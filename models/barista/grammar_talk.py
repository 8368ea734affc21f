"""Small talk around an order, and speech that has nothing to do with it.

Every word of TALK stands in listener_names.WORDS. {drink} and {size} are drawn; a comma stands alone.
"""

TALK: dict[str, list[str]] = {
    "greeting": [
        "hello", "hi", "hey", "hi there", "hello there", "good morning", "good afternoon",
        "hey there", "hello , good morning", "hi , good morning", "hello hello", "hi how is it",
    ],
    "thanks": [
        "thanks", "thank you", "thank you very much", "thanks a lot", "okay thanks",
        "okay thank you", "thank you so much", "great thanks", "thanks very much",
        "that's fine thank you", "perfect thank you",
    ],
    "menu": [
        "what do you have", "what coffees do you have", "what drinks do you have",
        "what is on the menu", "what's on the menu", "can i have the menu", "what can i get",
        "what can i have", "what can i order", "what is there", "menu", "the menu please",
        "what coffees are there", "what do you have today", "do you have a menu",
        "what's your menu", "can you tell me the menu", "what do you have to drink",
    ],
    "price": [
        "how much is it", "how much is that", "how much", "how much does it cost",
        "what does it cost", "what does that cost", "what is the price", "how much will that be",
        "how much is a {drink}", "how much is the {drink}", "what does a {drink} cost",
        "how much is a {size} {drink}", "what is the price of a {drink}",
        "how much for a {drink}", "how much does a {drink} cost", "how much will it be",
    ],
    "yes": [
        "yes", "yes please", "yeah", "yep", "sure", "okay", "yes that's right", "that's right",
        "right", "correct", "that's correct", "yes that's fine", "that's fine", "yes it is",
        "yes , yes", "okay yes", "yeah sure", "yes do that", "yes okay", "yes order it", "yes , please do",
    ],
    "no": [
        "no", "nope", "no thanks", "no thank you", "that's all", "that is all", "nothing else",
        "no that's all", "no that's it", "no nothing else", "that's it", "no , that's all thanks",
        "that's all thank you", "no it's not", "no that's not right", "that's not right",
        "no i don't", "no i'm fine", "not right", "no no",
    ],
    "cancel": [
        "cancel", "cancel it", "cancel that", "cancel the order", "cancel my order", "never mind",
        "forget it", "forget that", "i don't want it", "i don't want anything", "please cancel",
        "no cancel that", "cancel everything", "i want to cancel", "forget the order",
        "can you cancel that", "sorry never mind",
    ],
    "repeat": [
        "repeat that", "say that again", "can you repeat that", "could you repeat that", "pardon",
        "what did you say", "again please", "say again", "come again", "sorry what",
        "can you say that again", "please repeat", "what was that", "one more time please",
        "repeat please", "sorry can you repeat that", "could you say that again please", "what",
    ],
    "slower": [
        "slower", "slower please", "more slowly please", "can you speak slower", "slow down",
        "could you speak more slowly", "speak slower please", "that's too fast",
        "not so fast", "please speak slowly", "you speak too fast", "can you slow down please",
        "a little slower", "a bit slower please",
    ],
    "goodbye": [
        "bye", "goodbye", "bye bye", "see you", "see you later", "have a good day",
        "thank you bye", "thanks bye", "okay bye", "good bye", "thanks goodbye",
    ],
    "backchannel": [
        "mhm", "uh-huh", "hmm", "mhm mhm", "uh-huh uh-huh", "mm", "mhm", "uh-huh", "ah", "oh",
    ],
    "stop": [
        "stop", "wait", "hold on", "one moment", "one second", "wait wait", "stop stop",
        "hang on", "wait a moment", "wait a second", "hold on a second", "stop it", "stop please",
        "no stop", "no wait", "just a moment", "just a second", "one moment please", "please stop",
        "please wait",
    ],
}

STRANGE: list[str] = [
    "what time is the next bus to the station", "my brother lives in the north of the country",
    "turn off the lights in the kitchen", "did you see the match last night",
    "i think it is going to rain tomorrow", "where did you put the keys",
    "the meeting was moved to thursday afternoon", "can you call my sister for me",
    "we should go to the beach this weekend", "he said that he would be late",
    "set an alarm for seven in the morning", "what is the weather like in paris",
    "is this seat taken", "how was your day at school", "the train leaves from platform nine",
    "i have never been to japan before", "play some music in the living room",
    "open the window please it is hot in here", "she works at the hospital near the river",
    "ask not what your country can do for you", "let us meet at the library",
    "where is the bathroom", "do you know the way to the museum", "i lost my phone yesterday",
    "can you help me with my homework", "the dog is barking again", "tell me a joke",
    "what is the capital of australia", "we need more paper in the printer",
    "yes i told her about the party on friday", "no the blue one on the left",
    "there is nobody at home right now", "call me back when you can", "i am on the phone",
    "just put it over there on the table", "who is going to pick up the children",
    "it was a long time ago", "this is not what i expected at all", "look at that big bird",
    "the price of fuel went up again", "my car is parked outside", "who are you",
    "are you a robot", "where are you from", "how old are you", "i am looking for a hotel",
    "can i pay by card", "is there parking nearby", "what are your opening hours",
    "do you have wireless internet", "we are three people", "can i speak to a human",
]

STRANGE_PRODUCTS: list[str] = [
    "tea", "green tea", "hot chocolate", "orange juice", "glass of water", "sandwich", "cheeseburger",
    "pizza", "beer", "salad", "bagel", "croissant", "piece of cake", "bottle of wine", "lemonade",
    "chicken soup", "smoothie", "doughnut", "ice cream", "fruit salad",
]

STRANGE_WORDS: list[str] = (
    "window garden yellow seven running holiday pencil mountain quickly under between people "
    "market river letter nineteen tomorrow doctor winter carpet engine finger golden happy island "
    "jacket kitchen lemon monkey number orange picture question rabbit silver table uncle village "
    "water yesterday zebra bridge castle dinner evening flower guitar hammer insect jungle king "
    "ladder mirror needle office parrot queen road summer teacher umbrella violin whistle camera "
    "they were going because after before people should never always really thirteen forty hundred"
).split()
