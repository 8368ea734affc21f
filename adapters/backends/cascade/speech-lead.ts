/** How long a character of spoken text is heard, ms: English at 15 characters a second. */
const msPerCharacter = 65;

/** How far what was asked of a voice is ahead of what can have been heard. */
export class SpeechLead {
  #characters = 0;
  #audioMs = 0;
  #firstAudioAtMs: number | null = null;

  /** Text was given to the voice. */
  asked(characters: number): void {
    this.#characters += characters;
  }

  /** @param audioMs all audio so far */
  came(audioMs: number, nowMs: number): void {
    this.#audioMs = audioMs;
    this.#firstAudioAtMs ??= nowMs;
  }

  /** Ms of speech, come or on its way, that cannot have been heard by now. */
  aheadMs(nowMs: number): number {
    const elapsedMs = this.#firstAudioAtMs === null ? 0 : nowMs - this.#firstAudioAtMs;
    return Math.max(this.#audioMs, this.#characters * msPerCharacter) - elapsedMs;
  }
}
