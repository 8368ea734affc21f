import { z } from 'zod';

/** What a configuration says about a backend of type `onnx`. */
export const onnxOptions = z.strictObject({
  /** A package under `models/`, or the path of a package's folder. */
  package: z.string().min(1),
});

export type OnnxOptions = z.infer<typeof onnxOptions>;
