/** One turn as a stand-in's model remembers it. */
export interface SaidTurn {
  /** `tool`: it called one, or was told what one brought. */
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly text: string;
}

/** What is said next: numbers as counted speech, or a tool is called. */
export type SaidNext =
  | { readonly numbers: readonly number[] }
  | { readonly tool: { readonly name: string; readonly arguments: string } };

/** Decides by the history alone, oldest first: what a model is not shown, it does not know. */
export type SayRule = (history: readonly SaidTurn[]) => SaidNext;
