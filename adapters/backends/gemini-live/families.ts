import type { FunctionBehavior } from '../../../protocol/gemini-live/client-messages.ts';

/** How one family of models differs: data, so that another one is another row. */
export interface Family {
  /** How functions can be declared, the model's own way first. */
  readonly toolBehaviors: readonly FunctionBehavior[];
  /** The behaviour is written out; families that know only one may refuse the field. */
  readonly declaresBehavior: boolean;
  /** How an answer is asked for without audio, and context is told. `realtime`: only as text. */
  readonly text: 'content' | 'realtime';
  /** An answer may be asked for with nothing new; otherwise a turn of the user has to be there. */
  readonly bareRequest: boolean;
  /** History is announced in the setup, triggers nothing and may end with the model's turn. */
  readonly initialHistory: boolean;
  /** Instructions and tools can change on an open connection. */
  readonly contextUpdate: boolean;
}

const newest: Family = {
  toolBehaviors: ['NON_BLOCKING', 'BLOCKING'],
  declaresBehavior: true,
  text: 'content',
  bareRequest: true,
  initialHistory: true,
  contextUpdate: true,
};

const families: readonly (readonly [RegExp, Family])[] = [
  [/^gemini-3\.8-live-extended-thinking/, { ...newest, toolBehaviors: ['NON_BLOCKING'] }],
  [/^gemini-3\.8-live/, newest],
  [
    /^gemini-3\.1-flash-live/,
    {
      ...newest,
      toolBehaviors: ['BLOCKING'],
      declaresBehavior: false,
      text: 'realtime',
      bareRequest: false,
      contextUpdate: false,
    },
  ],
  [
    /^gemini-(2\.5-flash-native-audio|live-2\.5-flash)/,
    {
      ...newest,
      toolBehaviors: ['BLOCKING', 'NON_BLOCKING'],
      bareRequest: false,
      initialHistory: false,
      contextUpdate: false,
    },
  ],
];

/** The row of a model, by its name without `models/`; an unknown one is taken for the newest. */
export function familyOf(model: string): Family {
  return families.find(([pattern]) => pattern.test(model))?.[1] ?? newest;
}
