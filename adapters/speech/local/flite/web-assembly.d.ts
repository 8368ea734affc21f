/** As much of WebAssembly's JavaScript interface as is used here: the compiler's own is the DOM's. */
declare namespace WebAssembly {
  class Module {
    private readonly module: never;
  }
  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, unknown>>);
    readonly exports: Readonly<Record<string, unknown>>;
  }
  interface Memory {
    readonly buffer: ArrayBuffer;
  }
  function compile(bytes: Uint8Array): Promise<Module>;
}
