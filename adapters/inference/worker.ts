// With it, onnxruntime-node 1.30 cannot take float16 inputs; gone before the runtime is loaded.
Reflect.deleteProperty(globalThis, 'Float16Array');

const { serveModel } = await import('./model-thread.ts');
await serveModel();

export {};
