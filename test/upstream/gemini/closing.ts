/** A close reason takes at most this much (RFC 6455, 5.5.1: 125 bytes with the code). */
const reasonLimitBytes = 123;

/** A rule of the wire was broken: the server closes with this code and reason. */
export class Closing extends Error {
  readonly code: number;
  /** Cut to what a close frame can carry. */
  readonly reason: string;

  constructor(code: number, reason: string) {
    super(reason);
    this.name = new.target.name;
    this.code = code;
    this.reason = Buffer.from(reason, 'utf8').subarray(0, reasonLimitBytes).toString('utf8');
  }
}

/** What the vendor says when it says nothing about the reason. */
export const invalidArgument = 'Request contains an invalid argument.';
