import { toScript, type Script } from './script.ts';

/** What a rehearsal says when it was given no script: short, middling, long, and then again. */
export const defaultScript: Script = toScript({
  turns: [
    { text: 'Good evening, this is a rehearsal. I answer by script and understand nothing.' },
    { text: 'That was your second turn. I waited for it to end and then began to speak.' },
    {
      text:
        'This is a long answer, made for trying out what happens when you interrupt. ' +
        'I go on for a while, sentence after sentence, and none of it matters much. ' +
        'If you speak now, I should stop at once. If you do not, I come to an end by myself.',
    },
  ],
  outOfBand: [{ text: 'This answer was given out of band, and nobody hears it.' }],
});
