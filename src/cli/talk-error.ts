/** A reason why `talk` could not do what it was asked, in words for the person who asked. */
export class TalkError extends Error {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}
