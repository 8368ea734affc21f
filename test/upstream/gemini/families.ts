import { Closing } from './closing.ts';

/** What differs between the families of models. */
export interface Family {
  /** Behaviour of a function that declares none. */
  readonly toolBehavior: 'BLOCKING' | 'NON_BLOCKING';
  readonly toolBehaviors: readonly ('BLOCKING' | 'NON_BLOCKING')[];
  /** `seed`: only as initial history, announced by historyConfig. */
  readonly clientContent: 'any time' | 'seed';
  /** History that is not followed by a caller's turn is refused. */
  readonly seedEndsWithUser: boolean;
  readonly contextUpdate: boolean;
  /** Affective dialog or proactivity in the setup: setupComplete never comes. */
  readonly affective: 'works' | 'hangs';
  readonly thinking: 'thinkingBudget' | 'thinkingLevel';
  readonly mediaChunks: boolean;
}

const newest: Family = {
  toolBehavior: 'NON_BLOCKING',
  toolBehaviors: ['BLOCKING', 'NON_BLOCKING'],
  clientContent: 'any time',
  seedEndsWithUser: false,
  contextUpdate: true,
  affective: 'works',
  thinking: 'thinkingLevel',
  mediaChunks: false,
};

const families: readonly (readonly [RegExp, Family])[] = [
  [/^gemini-3\.8-live-extended-thinking$/, { ...newest, toolBehaviors: ['NON_BLOCKING'] }],
  [/^gemini-3\.8-live$/, newest],
  [
    /^gemini-3\.1-flash-live-preview$/,
    {
      ...newest,
      toolBehavior: 'BLOCKING',
      toolBehaviors: ['BLOCKING'],
      clientContent: 'seed',
      contextUpdate: false,
      affective: 'hangs',
    },
  ],
  [
    /^gemini-2\.5-flash-native-audio-/,
    {
      ...newest,
      toolBehavior: 'BLOCKING',
      seedEndsWithUser: true,
      contextUpdate: false,
      thinking: 'thinkingBudget',
      mediaChunks: true,
    },
  ],
];

/** @throws Closing with 1008 where the model is not known, with 1007 where it is no model's name */
export function familyOf(model: string | undefined, apiVersion: string): Family {
  const [, name] = /^models\/(.+)$/.exec(model ?? '') ?? [];
  if (name === undefined) {
    throw new Closing(1007, 'BidiGenerateContentRequest.setup.model: unexpected model name format');
  }
  const found = families.find(([pattern]) => pattern.test(name));
  if (found !== undefined) return found[1];
  throw new Closing(
    1008,
    `models/${name} is not found for API version ${apiVersion}, or is not supported for ` +
      'bidiGenerateContent. Call ListModels to see the list of available models.',
  );
}
