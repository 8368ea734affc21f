import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { AwsClient } from 'aws4fetch';
import type { ByteRange, RecordedFile } from '../../src/ports/recording.ts';

/** A bucket of anything that speaks S3's protocol. */
export interface S3Options {
  /** `https://s3.eu-central-1.amazonaws.com`, `http://127.0.0.1:9000`, … */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  /** Put before every name; empty, or ends in a slash. */
  readonly prefix: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Longest wait for a bucket's answer, ms. */
const answerLimitMs = 60_000;
/** Largest file that is held in memory for its signature; a longer one is sent unsigned, bytes. */
const signedLimitBytes = 8 * 1024 * 1024;

/** Files in a bucket, by their place. Addresses are of the path style, which every server has. */
export class S3Store {
  readonly #options: S3Options;
  readonly #client: AwsClient;

  constructor(options: S3Options) {
    const { accessKeyId, secretAccessKey, region } = options;
    this.#options = options;
    // Attempts are repeated by whoever asks.
    this.#client = new AwsClient({
      ...{ accessKeyId, secretAccessKey, region },
      service: 's3',
      retries: 0,
    });
  }

  /** @throws Error with the bucket's status where it refuses */
  async put(name: string, path: string, type: string): Promise<void> {
    const { size } = await stat(path);
    const small = size <= signedLimitBytes;
    const body = small
      ? await readFile(path)
      : (Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>);
    const headers: Record<string, string> = {
      'content-type': type,
      'content-length': String(size),
    };
    if (!small) headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
    const signed = await this.#client.sign(this.#url(name), {
      method: 'PUT',
      headers,
      ...(body instanceof Uint8Array ? { body } : {}),
    });
    const response = await fetch(signed.url, {
      method: 'PUT',
      headers: signed.headers,
      body,
      signal: AbortSignal.timeout(answerLimitMs + Math.ceil(size / 100)),
      ...(small ? {} : { duplex: 'half' }),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`the bucket refuses a file: HTTP ${response.status}`);
  }

  /** @returns `null` where there is no such file */
  async get(name: string, range: ByteRange | null): Promise<RecordedFile | null> {
    const headers =
      range === null ? {} : { range: `bytes=${range.fromByte}-${range.toByte ?? ''}` };
    const response = await this.#client.fetch(this.#url(name), {
      headers,
      signal: AbortSignal.timeout(answerLimitMs),
    });
    if (response.status === 404 || response.status === 416 || response.body === null) {
      await response.body?.cancel();
      return null;
    }
    if (!response.ok) {
      await response.body.cancel();
      throw new Error(`the bucket refuses to give a file: HTTP ${response.status}`);
    }
    const lengthBytes = Number(response.headers.get('content-length') ?? 0);
    const [, from = '0', total = String(lengthBytes)] =
      /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('content-range') ?? '') ?? [];
    return {
      stream: Readable.fromWeb(response.body as ReadableStream<Uint8Array>),
      lengthBytes,
      totalBytes: Number(total),
      fromByte: Number(from),
    };
  }

  #url(name: string): string {
    const { endpoint, bucket, prefix } = this.#options;
    const path = `${bucket}/${prefix}${name}`.split('/').map(encodeURIComponent).join('/');
    return `${endpoint.replace(/\/+$/, '')}/${path}`;
  }
}
