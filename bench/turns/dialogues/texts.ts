/**
 * What is said. Caller texts have no commas: engines make pauses of them that nobody labelled.
 * Sentences come in the parts between which a caller may stop to think.
 */
export const heldSentences: readonly (readonly string[])[] = [
  ['I would like a table', 'for two people', 'near the window please'],
  ['could you tell me', 'when the next train leaves', 'for the harbour'],
  ['I need to change', 'my booking for Friday', 'to the week after'],
  ['we are four adults', 'and one small child', 'so we need two rooms'],
  ['my number is', 'seven four nine two', 'six one eight'],
  ['is there a pharmacy', 'that is open late', 'around the station'],
  ['I bought a jacket', 'at your shop last month', 'and the zip is broken'],
  ['can you send it', 'to my office in town', 'before noon tomorrow'],
  ['the light in my kitchen', 'keeps going on and off', 'since the storm'],
  ['I was wondering', 'whether the museum', 'is open on Monday'],
  ['please write down', 'two coffees and a tea', 'and one piece of cake'],
  ['the doctor told me', 'to call back in spring', 'about the results'],
  ['how long does it take', 'from the airport', 'to the old market'],
  ['I would rather have', 'a quiet room', 'on the garden side'],
  ['my sister will come', 'on the late flight', 'with three suitcases'],
  ['we want to rent', 'two bicycles', 'for the whole weekend'],
];

export const wholeSentences: readonly string[] = [
  'what time do you open tomorrow',
  'I would like to cancel my order',
  'how much is a ticket for students',
  'where can I park my car',
  'please put me through to the kitchen',
  'is breakfast included in the price',
  'I have lost my key card',
  'do you have anything without nuts',
  'the parcel never arrived',
  'can I pay by card',
  'tell me about the evening concert',
  'I need a taxi at six',
];

/** What follows after a sentence that sounded complete. */
export const continuations: readonly string[] = [
  'and one more thing about the bill',
  'for three nights if possible',
  'but only if it is not too late',
  'or maybe on Sunday instead',
  'because my train is delayed',
  'and please keep it under fifty',
];

/** Beginnings that come to nothing at first. */
export const falseStarts: readonly string[] = ['so I', 'well', 'I want', 'it is', 'could we'];

/** Answers to a question: short, and no backchannel there. */
export const shortAnswers: readonly string[] = [
  'yes',
  'no',
  'yes please',
  'no thanks',
  'the second one',
  'tomorrow',
  'okay',
  'sure',
];

export const backchannels: readonly string[] = [
  'mhm',
  'uh huh',
  'yeah',
  'right',
  'okay',
  'I see',
  'sure',
  'yes',
];

export const interruptions: readonly string[] = [
  'wait stop',
  'hold on a second',
  'no that is not what I meant',
  'sorry can you say that again',
  'stop please',
  'actually I meant tomorrow evening',
  'excuse me how much is that',
  'wait I have a question',
  'no no the other one',
  'can I ask something',
  'that is too expensive',
  'please go back to the first one',
];

export const agentStatements: readonly string[] = [
  'The next train leaves from platform four at ten past nine, and it stops at the old bridge, the market hall and the harbour before it turns back.',
  'We have a quiet room on the garden side with two beds and a bath, and breakfast is served downstairs from seven until half past ten every morning.',
  'I have moved your booking to the week after, the price stays the same, and you will find the new confirmation in your mail within a few minutes.',
  'The museum opens at nine and closes at half past five, the garden stays open until sunset, and on Mondays only the small hall can be visited.',
  'Your parcel left the depot this morning, it is on its way to the branch in your street, and you can pick it up there from noon tomorrow.',
  'There are three ways to get there, the bus takes forty minutes, the tram takes half an hour, and a taxi costs about twenty in the evening.',
  'The soup of the day is pumpkin with ginger, the fish comes with rice and beans, and for dessert there is lemon cake or a bowl of fruit.',
  'I can see two payments from last week on your account, one of them was returned on Friday, and the other one is still being checked.',
  'Turn the small wheel on the back to the left until it clicks, wait for ten seconds, and then press the green button until the light comes on.',
  'The concert begins at eight in the large hall, doors open an hour earlier, and there is a short break after the second piece.',
];

export const agentQuestions: readonly string[] = [
  'I have found two tables for this evening, one by the window at seven and one in the garden at half past eight. Which one would you like?',
  'The room costs ninety a night and can be cancelled until the day before you arrive, without any fee. Shall I book it for you?',
  'I can send the new card to your home address, or you can collect it at the branch next to the station. Is your home all right?',
  'There is a direct flight in the morning and a cheaper one with a stop in the afternoon. Do you want the direct one?',
  'The repair takes about three days and we would call you as soon as it is done. Would you like us to start today?',
  'I have written down two coffees, one tea and a piece of lemon cake for the table outside. Is that everything?',
];

/** What the agent says once it was interrupted. */
export const agentReplies: readonly string[] = [
  'Of course, let me look at that again for you.',
  'All right, I will change it right away.',
  'Sorry about that, let me put it another way.',
  'Good point, that is easily done.',
];

/** Words that a recogniser puts where it misheard. */
export const misheardWords: readonly string[] = [
  'the',
  'a',
  'to',
  'in',
  'that',
  'for',
  'them',
  'then',
  'all',
  'one',
  'now',
  'there',
];
