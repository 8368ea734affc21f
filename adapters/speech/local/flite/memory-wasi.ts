/** The one file that a program may write, and nothing may read. */
const outputPath = 'speech.wav';

/** Numbers of the WASI preview 1 interface that are used here. */
const success = 0;
const badDescriptor = 8;
const noSuchFile = 44;
const fileTypeCharacterDevice = 2;
const fileTypeDirectory = 3;
const fileTypeRegular = 4;
const allRights = 0xffff_ffff_ffff_ffffn;
const folderDescriptor = 3;
const outputDescriptor = 4;
const whenceCurrent = 1;
const whenceEnd = 2;

/** 64-bit numbers are `bigint`s. */
type WasiCall = (...args: (number & bigint)[]) => number;

/** Thrown out of the program by its own `exit`. */
class ProgramExit extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`the program ended with code ${code}`);
    this.code = code;
  }
}

function exit(code: number): never {
  throw new ProgramExit(code);
}

/** Most bytes of one output, 32 MB: 16 minutes at 16 kHz. */
const outputLimitBytes = 32 * 2 ** 20;

/**
 * As much of WASI preview 1 (`wasi_snapshot_preview1`) as a command-line program needs that turns
 * its arguments into one file, which stays in memory: nothing of it ever lies on a disk. No input,
 * no environment, no clock worth the name; what it prints is thrown away.
 */
class MemoryWasi {
  readonly #args: readonly Uint8Array[];
  #memory = new DataView(new ArrayBuffer(0));
  #output = new Uint8Array(64 * 1024);
  #length = 0;
  #position = 0;

  constructor(args: readonly string[]) {
    const encoder = new TextEncoder();
    this.#args = args.map((arg) => encoder.encode(`${arg.replaceAll('\0', ' ')}\0`));
  }

  get output(): Uint8Array {
    return this.#output.subarray(0, this.#length);
  }

  /** Runs the program to its end. @returns its exit code */
  run(module: WebAssembly.Module): number {
    const instance = new WebAssembly.Instance(module, { wasi_snapshot_preview1: this.#calls() });
    const { memory, _start: start } = instance.exports as {
      readonly memory: WebAssembly.Memory;
      readonly _start: () => void;
    };
    this.#grown = () => {
      // The program's memory moves when it grows.
      if (this.#memory.buffer !== memory.buffer) this.#memory = new DataView(memory.buffer);
      return this.#memory;
    };
    try {
      start();
      return 0;
    } catch (error) {
      if (error instanceof ProgramExit) return error.code;
      throw error;
    }
  }

  #grown: () => DataView = () => this.#memory;

  #calls(): Record<string, WasiCall> {
    return {
      args_get: (list: number, at: number) => this.#putArgs(list, at),
      args_sizes_get: (count: number, bytes: number) => {
        this.#put32(count, this.#args.length);
        return this.#put32(
          bytes,
          this.#args.reduce((sum, arg) => sum + arg.length, 0),
        );
      },
      clock_time_get: (_id: number, _precision: bigint, at: number) => this.#put64(at, 0n),
      fd_close: () => success,
      fd_fdstat_get: (fd: number, at: number) => this.#putStatus(fd, at),
      fd_fdstat_set_flags: () => success,
      fd_prestat_get: (fd: number, at: number) => {
        if (fd !== folderDescriptor) return badDescriptor;
        this.#put32(at, 0);
        return this.#put32(at + 4, 1);
      },
      fd_prestat_dir_name: (_fd: number, at: number) => {
        this.#grown().setUint8(at, '.'.charCodeAt(0));
        return success;
      },
      fd_read: (_fd: number, _list: number, _count: number, at: number) => this.#put32(at, 0),
      fd_seek: (fd: number, offset: bigint, whence: number, at: number) =>
        this.#seek(fd, { offset: Number(offset), whence, at }),
      fd_write: (fd: number, list: number, count: number, at: number) =>
        this.#write(fd, { list, count, at }),
      path_open: (_fd, _lookup, path, length, _how, _rights, _inherited, _flags, at) =>
        this.#open(Number(path), Number(length), Number(at)),
      proc_exit: exit,
    };
  }

  #put32(at: number, value: number): number {
    this.#grown().setUint32(at, value, true);
    return success;
  }

  #put64(at: number, value: bigint): number {
    this.#grown().setBigUint64(at, value, true);
    return success;
  }

  #putArgs(list: number, at: number): number {
    let next = at;
    for (const [index, arg] of this.#args.entries()) {
      this.#put32(list + 4 * index, next);
      new Uint8Array(this.#grown().buffer).set(arg, next);
      next += arg.length;
    }
    return success;
  }

  #putStatus(fd: number, at: number): number {
    if (fd > outputDescriptor) return badDescriptor;
    const type = { [folderDescriptor]: fileTypeDirectory, [outputDescriptor]: fileTypeRegular }[fd];
    this.#grown().setUint8(at, type ?? fileTypeCharacterDevice);
    this.#grown().setUint16(at + 2, 0, true);
    this.#put64(at + 8, allRights);
    return this.#put64(at + 16, allRights);
  }

  #open(path: number, length: number, at: number): number {
    const bytes = new Uint8Array(this.#grown().buffer, path, length);
    if (new TextDecoder().decode(bytes) !== outputPath) return noSuchFile;
    this.#length = 0;
    this.#position = 0;
    return this.#put32(at, outputDescriptor);
  }

  #seek(
    fd: number,
    to: { readonly offset: number; readonly whence: number; readonly at: number },
  ): number {
    if (fd !== outputDescriptor) return badDescriptor;
    const { offset, whence, at } = to;
    if (whence === whenceCurrent) this.#position += offset;
    else this.#position = whence === whenceEnd ? this.#length + offset : offset;
    return this.#put64(at, BigInt(this.#position));
  }

  #write(
    fd: number,
    from: { readonly list: number; readonly count: number; readonly at: number },
  ): number {
    const view = this.#grown();
    let total = 0;
    for (let i = 0; i < from.count; i += 1) {
      const address = view.getUint32(from.list + 8 * i, true);
      const length = view.getUint32(from.list + 8 * i + 4, true);
      total += length;
      if (fd === outputDescriptor) this.#append(new Uint8Array(view.buffer, address, length));
    }
    return this.#put32(from.at, total);
  }

  #append(bytes: Uint8Array): void {
    const end = this.#position + bytes.length;
    if (end > outputLimitBytes) {
      throw new RangeError(`more than ${outputLimitBytes} bytes of sound for one piece`);
    }
    if (end > this.#output.length) {
      const larger = new Uint8Array(Math.max(end, 2 * this.#output.length));
      larger.set(this.output);
      this.#output = larger;
    }
    this.#output.set(bytes, this.#position);
    this.#position = end;
    this.#length = Math.max(this.#length, end);
  }
}

/**
 * Runs a command-line program that is told to write `speech.wav`.
 * @returns what it wrote
 * @throws Error when it ends with another code than 0
 */
export function runForFile(module: WebAssembly.Module, args: readonly string[]): Uint8Array {
  const wasi = new MemoryWasi(args);
  const code = wasi.run(module);
  if (code !== 0) throw new Error(`the synthesiser ended with code ${code}`);
  return wasi.output;
}
